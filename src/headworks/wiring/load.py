"""From a file to a compiled configuration, with what it takes from this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec

from headworks.domain.config import AuthRule, Config, ReplicasRule
from headworks.ports.clock import Clock
from headworks.providers.catalog import shipped_catalog
from headworks.providers.credentials.held import Held, unkept
from headworks.providers.price_table import shipped_prices
from headworks.providers.profiles import shipped_profiles
from headworks.wiring.at_start import on_machine
from headworks.wiring.compile import Compiled, Givens, compile_config, compile_reading, compile_settings
from headworks.wiring.config_file import ConfigRefused, Problem, Reading, read_config
from headworks.wiring.config_file.excerpt import read_excerpt
from headworks.wiring.process_places import journal_directory

_NANOSECONDS = 10**9
_AT_START = "Stop Headworks and start it again."
_LARGEST_FILE = 8_388_608
_LARGE = 262_144
"""Characters of a document from which on it is read in a process of its own."""

Signature = tuple[int, int, int] | None
"""Modification time, size and inode; None for a file that is not there."""


Hold = Callable[[AuthRule], Held]
"""Where what a rule obtains will be found."""


FindReplicas = Callable[[str, ReplicasRule], tuple[str, ...]]
"""See `Givens.replicas`."""


def find_no_replicas(_provider: str, _rule: ReplicasRule) -> tuple[str, ...]:
    """For looking at a configuration."""
    return ()


def hold_nothing(_auth: AuthRule) -> Held:
    """For looking at a configuration."""
    return unkept()


class ConfigFile:
    """A configuration file and what it refers to. Loading it is slow (a second for ten thousand keys) and never on the loop."""

    def __init__(
        self,
        path: Path,
        env: Mapping[str, str],
        clock: Clock,
        hold: Hold = hold_nothing,
        replicas: FindReplicas = find_no_replicas,
    ) -> None:
        self.path = path
        self.env = env
        self.seen: Signature = None
        """What the file looked like when it was last loaded."""
        self._began = ""
        """What the file said of `config_from` at first."""

        def look(name: str, address: str, journal: str) -> str:
            from headworks.wiring.vault import reveal  # noqa: PLC0415 - ciphers weigh too much for a gateway that keeps no secrets

            return reveal(name, address, journal_directory(journal, path.absolute(), env), env, clock)

        here = givens(env, clock, hold, directory=str(path.parent))
        self._givens = msgspec.structs.replace(here, look=look, replicas=replicas)
        self._clock = clock

    def load(self) -> Compiled:
        """Read and compile it as of now. Raises `ConfigRefused` with all that is wrong."""
        self.seen = self.signature()
        compiled = self._compile(self._text(), str(self.path), None)
        self._began = self._began or compiled.config.config_from
        if (
            self._began != compiled.config.config_from
        ):  # a file that has just lost its models to the database must not be served by
            problem = Problem(
                path=("config_from",), message="Where the configuration is, is read only at start.", hint=_AT_START
            )
            raise ConfigRefused([problem], f"{self.path}: {problem.text}")
        if compiled.digests:  # what has been in force never changes, as long as this process remembers it
            remembered = {**self._givens.remembered, **compiled.digests}
            self._givens = msgspec.structs.replace(self._givens, remembered=remembered)
        return compiled

    def load_revision(self, document: str, label: str, machine: Config) -> Compiled:
        """Compile a document that is not the file's, as of now and as if it stood where the file does. What is read at start is this
        machine's own, and `machine` says it. Raises `ConfigRefused` with all that is wrong.
        """
        return self._compile(document, label, machine)

    def signature(self) -> Signature:
        """What the file looks like now."""
        return signature_of(self.path)

    def load_settings(self) -> Config:
        """What is needed to start a gateway, once all of the document is found to be right. Raises `ConfigRefused` as `load` does.

        Of a large document only the settings are looked at, not its keys and models: reading those takes a second, and the gateway
        that is about to start does it. Where what runs is kept in the database, the rest of the file need not even count.
        """
        text = self._text()
        reading = read_excerpt(text, str(self.path))
        if len(text) > _LARGE or reading.config.config_from == "database":
            return compile_settings(reading, as_of(self._givens, self._clock))
        return self.load().config

    def load_machine(self) -> Config | None:
        """What is this machine's own to say, where what runs is kept in the database; None where it is this file. Raises `ConfigRefused`
        for mistakes in that.
        """
        reading = read_excerpt(self._text(), str(self.path))
        if reading.config.config_from != "database":
            return None
        return compile_settings(reading, as_of(self._givens, self._clock))

    def renew(self, running: Compiled) -> Compiled:
        """The running configuration at today's prices, whatever stands in the file by now. Raises `ConfigRefused`."""
        return compile_config(running.config, as_of(self._givens, self._clock))

    def _compile(self, text: str, name: str, machine: Config | None) -> Compiled:
        here = as_of(self._givens, self._clock)
        compiled = compiled_apart(text, here, machine) if len(text) > _LARGE else None
        return compiled or compile_reading(_settled(read_config(text, name), machine), here)

    def _text(self) -> str:
        try:
            return read_text(str(self.path))
        except (OSError, UnicodeDecodeError) as trouble:
            reason = trouble.strerror if isinstance(trouble, OSError) else "it is not UTF-8"
            problem = Problem(path=(), message=f"The file cannot be read: {reason}.", hint="Make one with: headworks init")
            raise ConfigRefused([problem], f"{self.path}: {problem.text}") from None


def _settled(reading: Reading, machine: Config | None) -> Reading:
    """The same on this machine, with what it must not lack among its problems: an emptied document would lock everybody out without a
    word. Keys it may lack: they are kept in the database too.
    """
    if reading.problems:  # what is missing may merely be misspelt
        return reading
    problems = tuple(_lacks(reading.config, machine))
    config = reading.config if machine is None else on_machine(reading.config, machine)
    return msgspec.structs.replace(reading, config=config, problems=problems)


def _lacks(config: Config, machine: Config | None) -> list[Problem]:
    """A file needs no models where what runs is kept in the database; a revision, which `machine` runs, does."""
    if config.models or (machine is None and config.config_from == "database"):
        return []
    hint = "Add one under models; headworks init writes an example."
    return [Problem(path=("models",), message="Nothing can be asked for: there is no model.", hint=hint)]


def names_no_caller(config: Config) -> bool:
    """Whether only those can call who have a key in the database."""
    return not (config.keys or config.open_door or config.identity.issuers or config.identity.certificates)


def oddities(compiled: Compiled) -> tuple[Problem, ...]:
    """Its warnings, and what is odd only as long as nobody has looked into the database."""
    if compiled.config.config_from == "database":
        message = "Gateways run the active revision of the database: of this file, only what is read at start counts."
        hint = "See what runs with: headworks config show"
        return (*compiled.warnings, Problem(path=("config_from",), message=message, hint=hint, on_key=True))
    if not names_no_caller(compiled.config):
        return compiled.warnings
    message = "There is no key here: callers need one that is kept in the database."
    hint = "Make one with headworks keys create (headworks serve prints the link for the first administrator), or add one under keys."
    return (*compiled.warnings, Problem(path=("keys",), message=message, hint=hint))


def compiled_apart(text: str, here: Givens, machine: Config | None = None) -> Compiled | None:
    """A large document, read in another process, so that neither the time nor the memory of reading is ours.

    None where anything is wrong with it: reading it here tells what and where.
    """
    read = read_apart(text)
    if read is None:
        return None
    config = msgspec.msgpack.decode(read, type=Config)
    if _lacks(config, machine):
        return None
    try:
        return compile_config(config if machine is None else on_machine(config, machine), here)
    except ConfigRefused:
        return None


def read_apart(text: str) -> bytes | None:
    """A document as MessagePack of a `Config`, read in another process. None where anything is wrong with it."""
    command = [sys.executable, "-P", "-m", "headworks.wiring.config_file"]
    done = subprocess.run(command, input=text.encode(), stdout=subprocess.PIPE, check=False)  # noqa: S603 - ourselves
    return done.stdout if done.returncode == 0 else None


def givens(env: Mapping[str, str], clock: Clock, hold: Hold = hold_nothing, *, directory: str = "") -> Givens:
    """What compiling takes from this machine, and from this version of Headworks."""
    return Givens(
        env=env,
        read=read_text,
        at=_moment(clock),
        catalog=shipped_catalog(),
        prices=shipped_prices(),
        profiles=shipped_profiles(),
        version=version("headworks"),
        directory=directory,
        hold=hold,
        wall_ns=clock.wall_ns,
    )


def as_of(known: Givens, clock: Clock) -> Givens:
    """The same, at the present time."""
    return msgspec.structs.replace(known, at=_moment(clock))


def signature_of(path: Path) -> Signature:
    """What tells a changed file from an unchanged one, without reading it."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def read_text(name: str) -> str:
    """A file's text. Raises `OSError`; a file too large to be meant counts as one that cannot be read."""
    path = Path(name)
    if path.stat().st_size > _LARGEST_FILE:
        raise OSError(27, f"larger than {_LARGEST_FILE} bytes")
    return path.read_text("utf-8")


def _moment(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.wall_ns() // _NANOSECONDS, UTC)
