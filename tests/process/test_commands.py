"""The commands, run as a user runs them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from headworks.cli.doctor_checks import Severity, files_allowed, port_is_free, reachable, ready, room_in
from headworks.cli.doctor_health import health_of
from headworks.domain.target import Origin
from headworks.wiring.process_places import data_directory, journal_directory
from tests.process.running import Running

Start = Callable[..., Running]
USABLE = "models: {m: {targets: [{model: vllm/m, price: free}]}}\nopen_door: true\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A working directory with nothing in it."""
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def run(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`headworks …` there, with a data directory of its own."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(place), "COLUMNS": "200"}
    command = [sys.executable, "-P", "-m", "headworks", *arguments]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def taken() -> Iterator[int]:
    """A port that somebody listens on: we."""
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        yield squatter.getsockname()[1]


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("restart absent.yaml", 2, "absent.yaml cannot be read: No such file or directory."),
        ("doctor --config absent.yaml", 2, "absent.yaml cannot be read: No such file or directory."),
        ("emulate --port {taken}", 69, "127.0.0.1:{taken} is taken by "),
        ("emulate --port 0 --host 192.0.2.1", 69, "'192.0.2.1' is not an address of this machine"),
        ("emulate --port 0 --host no.such.invalid", 69, "'no.such.invalid' is not an address of this machine"),
        ("emulate --port 0 --host a..b", 69, "'a..b' is not an address"),
        ("emulate --config absent.yaml", 1, "absent.yaml cannot be read: No such file or directory. docs/emulator.md"),
        ("emulate --config broken.yaml", 1, "expected"),
        (
            "emulate --port 0 --cert-file absent.pem",
            1,
            "certificate absent.pem and key absent.pem cannot be used: No such file",
        ),
        ("serve good.yaml --port {taken}", 69, "127.0.0.1:{taken} is taken by "),
        ("serve good.yaml --host 192.0.2.1", 69, "'192.0.2.1' is not an address of this machine"),
        ("serve good.yaml --host a..b", 69, "'a..b' is not an address"),
        ("demo --port {taken}", 69, "127.0.0.1:{taken} is taken by "),
        ("demo --keep good.yaml/inside", 2, "--keep good.yaml/inside cannot be written: Not a directory. Name a directory"),
        ("demo --keep good.yaml", 2, "--keep good.yaml cannot be written: File exists. Name a directory"),
    ],
)
def test_what_the_machine_refuses_is_told_in_one_line_with_the_remedy(
    place: Path, taken: int, words: str, code: int, told: str
) -> None:
    (place / "good.yaml").write_text(USABLE)
    (place / "broken.yaml").write_text("providers: [\n")

    done = run(place, *words.format(taken=taken).split())

    assert done.returncode == code
    assert told.format(taken=taken) in done.stderr
    assert "Errno" not in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_command_gets_a_suggestion(place: Path) -> None:
    done = run(place, "sreve")

    assert done.returncode == 2
    assert 'Did you mean "serve"?' in done.stderr


def test_an_unknown_flag_gets_a_suggestion(place: Path) -> None:
    done = run(place, "serve", "--prot", "1")

    assert done.returncode == 2
    assert "--port" in done.stderr


def test_help_names_every_command(place: Path) -> None:
    done = run(place, "--help")

    assert done.returncode == 0
    assert all(name in done.stdout for name in ("serve", "demo", "check", "doctor", "restart"))


def test_version_names_the_parts_of_the_hot_path(place: Path) -> None:
    done = run(place, "version")

    assert done.returncode == 0
    assert all(part in done.stdout for part in ("headworks ", "uvloop ", "msgspec "))


@pytest.mark.parametrize(
    "text",
    [
        "server: {prot: 4455}\n",
        "models: {smart: nowhere/gpt-4o}\nkeys: {me: {key: hw-test}}\n",
        "models: {smart: openai/gpt-4o}\nkeys: {me: {key: '${NO_SUCH_VARIABLE}'}}\n",
        "server: {port: 80000}\n",
        "server: {port: 4456}\n",
        "",
    ],
)
def test_serve_refuses_what_check_refuses_with_the_same_report_and_starts_nothing(place: Path, text: str) -> None:
    """Exit code 78 tells a service manager that starting again will not help."""
    (place / "headworks.yaml").write_text(text)

    checked, served = run(place, "check"), run(place, "serve")

    assert checked.returncode == served.returncode == 78
    assert "headworks.yaml:1:" in served.stderr
    assert served.stderr == checked.stderr + "headworks: nothing was started.\n"
    assert not (place / ".local").exists()


def test_serve_without_anything_to_serve_says_what_to_set_and_starts_nothing(place: Path) -> None:
    done = run(place, "serve")

    assert done.returncode == 78
    assert "OPENAI_API_KEY" in done.stderr
    assert done.stderr.endswith("headworks: nothing was started.\n")
    assert not (place / ".local").exists()


def test_serve_says_which_file_it_cannot_read(place: Path) -> None:
    done = run(place, "serve", "--config", "elsewhere.yaml")

    assert done.returncode == 78
    assert "elsewhere.yaml: The file cannot be read: No such file or directory. Make one with: headworks init" in done.stderr


def test_a_setting_that_cannot_be_is_found_in_a_long_document_too(place: Path) -> None:
    """Its lists are left to the gateway, for they take a second to read."""
    keys = "".join(f"  key{number}: {{sha256: f{number:063x}}}\n" for number in range(3_000))
    (place / "headworks.yaml").write_text(f"server: {{port: 80000}}\nkeys:\n{keys}")

    done = run(place, "serve")

    assert done.returncode == 78
    assert "headworks.yaml:1:16: A port is at most 65535." in done.stderr
    assert "listening" not in done.stderr


@pytest.mark.parametrize("command", ["check", "serve", "restart", "exchanges", "doctor"])
@pytest.mark.parametrize("form", [("other.yaml",), ("--config", "other.yaml"), ("--config=other.yaml",)])
def test_every_command_takes_the_configuration_by_place_and_by_name(place: Path, command: str, form: tuple[str, ...]) -> None:
    (place / "other.yaml").write_text("modles: {}\n")

    done = run(place, command, *form)

    assert "other.yaml" in done.stderr + done.stdout
    assert "Unknown" not in done.stderr.replace("Unknown key 'modles'", "")
    assert "Unused" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("serve", "--port", "80000"), "--port 80000: a port is a number from 1 to 65535"),
        (("serve", "--control-port=-1"), "--control-port -1"),
        (("serve", "--port", "4456", "--control-port", "4456"), "cannot share port 4456"),
        (("demo", "--port", "80000"), "--port 80000"),
        (("emulate", "--port", "80000"), "--port 80000: a port is a number from 0 to 65535"),
    ],
)
def test_a_port_that_cannot_be_is_refused(place: Path, arguments: tuple[str, ...], words: str) -> None:
    (place / "headworks.yaml").write_text(USABLE)

    done = run(place, *arguments)

    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("exchanges",), "There is no journal in"),
        (("explain", "0123456789"), "journal"),
        (("restart",), "No gateway runs on"),
    ],
)
def test_a_mistake_in_the_file_hides_nothing_that_runs_or_ran(place: Path, arguments: tuple[str, ...], words: str) -> None:
    """Who looks into an outage must not have to mend the file first."""
    (place / "headworks.yaml").write_text("journal: {directory: kept}\nmodles: {}\n")

    done = run(place, *arguments)

    assert done.returncode != 78
    assert "headworks.yaml has mistakes" in done.stderr
    assert words in done.stderr
    assert str(place / "kept") in done.stderr


def test_the_doctor_goes_on_after_a_mistake_in_the_file(place: Path) -> None:
    (place / "headworks.yaml").write_text("journal: {directory: kept}\nmodles: {}\n")

    done = run(place, "doctor")

    assert done.returncode == 1
    assert "Unknown key 'modles'" in done.stdout
    assert str(place / "kept") in done.stdout


def test_the_doctor_tells_programs_a_finding_a_line(place: Path) -> None:
    (place / "headworks.yaml").write_text("journal: {directory: kept}\nmodles: {}\n")

    done = run(place, "doctor", "--json")

    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert {"ok", "bad"} <= {each["severity"] for each in found}
    assert all(each["remedy"] for each in found if each["severity"] == "bad")


def test_restart_says_when_nothing_runs(place: Path) -> None:
    done = run(place, "restart")

    assert done.returncode == 69
    assert "No gateway runs on" in done.stderr


def in_directory(running: Running) -> Path:
    """A working directory whose configuration names the journal of a running supervisor."""
    place = running.directory.parent / "work"
    place.mkdir()
    (place / "headworks.yaml").write_text(f"journal: {{directory: {json.dumps(str(running.directory))}}}\n")
    return place


def test_restart_replaces_the_gateway_and_says_so(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    before = running.facts()["gateway"]

    done = run(in_directory(running), "restart")

    assert done.returncode == 0, done.stderr
    assert str(before) in done.stdout
    assert running.get().split()[0] != str(before)


def test_restart_says_when_the_file_names_another_port(start: Start) -> None:
    """The doors are the supervisor's, and stay."""
    running = start()
    running.wait_for("ready in")
    place = in_directory(running)
    (port, control_port), file = running.ports, place / "headworks.yaml"

    file.write_text(f"{file.read_text()}server: {{port: {port}}}\ncontrol: {{port: {control_port}}}\n")
    assert "stop Headworks" not in run(place, "restart").stdout
    file.write_text(file.read_text().replace(f"port: {port}", "port: 65500"))
    said = run(place, "restart").stdout

    assert f"server.port is 65500 in the file, but port {port} was opened at the start and stays" in said
    assert "stop Headworks and start it again" in said
    assert "control.port" not in said


def test_restart_says_when_the_new_gateway_fails(start: Start) -> None:
    running = start()
    running.wait_for("ready in")
    (running.directory / "mode").write_text("crash")

    done = run(in_directory(running), "restart")

    assert done.returncode == 1
    assert "the present one serves on" in done.stderr


def test_a_supervisor_ends_with_whoever_started_it(start: Start) -> None:
    """The demo's: its lifeline is a pipe that closes with the demo."""
    theirs, ours = os.pipe()
    running = start(f"--lifeline={theirs}", pass_fds=(theirs,))
    os.close(theirs)
    running.wait_for("ready in")

    os.close(ours)

    assert running.wait() == 0


def test_the_doctor_finds_a_taken_port_and_names_its_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as squatter:
        finding = port_is_free("127.0.0.1", squatter.getsockname()[1], "--port")

    assert finding.severity is Severity.BAD
    assert "--port" in finding.remedy
    if sys.platform == "linux":
        assert f"pid {os.getpid()}" in finding.what


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who listens")
def test_one_of_our_own_on_a_port_is_called_by_its_name() -> None:
    program = "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, "headworks.wiring.supervisor"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        finding = port_is_free("127.0.0.1", int(running.stdout.readline()), "--port")
        running.kill()

    assert f"another Headworks (pid {running.pid})" in finding.what


def test_the_doctor_finds_a_directory_that_others_can_read(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)

    assert [finding.severity for finding in room_in(tmp_path)][-1] is Severity.ODD


def test_the_doctor_finds_too_few_open_files() -> None:
    assert files_allowed(10**12).severity is Severity.ODD


def test_the_doctor_finds_a_gateway_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    assert ready(port).severity is Severity.BAD


STATUS = {"gateways": [{"targets_down": ["openai/gpt-4o"], "config_rejected": True, "journal_unwritable": True}]}


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (STATUS, ["target openai/gpt-4o is out of use", "configuration file was refused", "journal cannot be written"]),
        ({"gateways": [{"targets_down": [], "process": "1"}]}, []),
    ],
)
def test_the_doctor_tells_what_the_running_gateway_suffers_from(status: object, words: list[str]) -> None:
    class Status(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(status).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has in the base class
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Status) as server:
        answering = Thread(target=server.handle_request)
        answering.start()
        findings = list(health_of("127.0.0.1", server.server_port))
        answering.join(5)

    assert all(finding.severity is Severity.BAD and finding.remedy for finding in findings)
    assert len(findings) == len(words)
    assert all(word in finding.what for word, finding in zip(words, findings, strict=True))


def test_the_doctor_finds_a_control_plane_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    assert [finding.severity for finding in health_of("127.0.0.1", port)] == [Severity.BAD]


def test_the_doctor_finds_a_provider_that_cannot_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        assert [finding.severity for finding in reachable([Origin("http", "127.0.0.1", port)])] == [Severity.FINE]

    assert [finding.severity for finding in reachable([Origin("http", "127.0.0.1", port)])] == [Severity.BAD]


@pytest.mark.parametrize(
    ("environment", "platform", "directory"),
    [
        ({"XDG_DATA_HOME": "/data", "HOME": "/home/a"}, "linux", "/data/headworks"),
        ({"HOME": "/home/a"}, "linux", "/home/a/.local/share/headworks"),
        ({"HOME": "/Users/a"}, "darwin", "/Users/a/Library/Application Support/headworks"),
        ({}, "linux", "/var/lib/.local/share/headworks"),
    ],
)
def test_data_lies_where_the_platform_keeps_it(environment: dict[str, str], platform: str, directory: str) -> None:
    assert data_directory(environment, platform) == Path(directory)


def test_a_relative_journal_directory_counts_from_the_configuration() -> None:
    assert journal_directory("j", Path("/etc/headworks/headworks.yaml"), {}) == Path("/etc/headworks/j")
    assert journal_directory("/var/j", Path("/etc/headworks/headworks.yaml"), {}) == Path("/var/j")
