"""Forms with files: read in any cut, written anew as they were, in bounded memory; what two readers could understand differently is refused."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.body import BodySource, Replay
from headworks.domain.errors import Fault
from headworks.domain.outcome import Ending, Outcome
from headworks.edge.forms.body import LARGEST_FIELDS, STEP, FormBody
from headworks.edge.forms.passing import ROOM
from headworks.edge.forms.spool import IN_MEMORY, Room, Spool
from headworks.testing.emulator.forms import File, read_form

BOUNDARY = b"sdk-0123456789abcdef"
TYPE = b"multipart/form-data; boundary=" + BOUNDARY
OVER = Outcome(Ending.FINISHED, 200)
Parts = Sequence[tuple[str, bytes | File]]

values = st.one_of(
    st.text().map(str.encode),
    st.sampled_from([b"--" + BOUNDARY, b"\r\n", b"\r\n--", b"\n--" + BOUNDARY + b"--", b"whisper-1", b"", b"\r\n--sdk-0123"]),
)
contents = st.one_of(st.binary(), values, st.binary(min_size=1, max_size=40).map(lambda piece: piece * 300))
names = st.from_regex(r"[A-Za-z0-9_.:-]{1,20}", fullmatch=True)
filenames = st.text(st.characters(exclude_categories=("C", "Zl", "Zp")), max_size=30)
files = st.builds(File, filenames, st.sampled_from(["audio/mpeg", "image/png", "text/plain; charset=utf-8"]), contents)
forms = st.lists(st.tuples(names, st.one_of(values, files)), min_size=1, max_size=8, unique_by=lambda part: part[0].lower())


def written(parts: Parts, boundary: bytes = BOUNDARY) -> bytes:
    """As an SDK writes it."""
    pieces: list[bytes] = []
    for name, value in parts:
        head = b'--%b\r\nContent-Disposition: form-data; name="%b"' % (boundary, name.encode())
        if isinstance(value, File):
            shown = value.name.replace("\\", "\\\\").replace('"', '\\"').encode()
            head += b'; filename="%b"\r\nContent-Type: %b' % (shown, value.content_type.encode())
        pieces.append(b"%b\r\n\r\n%b\r\n" % (head, value.content if isinstance(value, File) else value))
    return b"".join(pieces) + b"--%b--\r\n" % boundary


def part(head: bytes, content: bytes = b"x") -> bytes:
    return b"--%b\r\n%b\r\n\r\n%b\r\n" % (BOUNDARY, head, content)


def form(data: bytes, cuts: Sequence[int] = (), *, ahead: int = 1 << 30, ends: bool = True) -> FormBody:
    """All of `data` read, cut at these places."""
    body = FormBody(TYPE, ahead, 1 << 40, Room(1 << 40))
    places = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    for start, stop in itertools.pairwise(places):
        body.add(data[start:stop])
    if ends:
        body.finish()
    return body


def taken(source: BodySource, most: int = 1000) -> bytes:
    """All that it gives."""
    pieces: list[bytes] = []
    while (piece := source.take(most)) is not None:
        assert 0 < len(piece) <= most
        pieces.append(bytes(piece))
    return b"".join(pieces)


def said(source: BodySource) -> dict[str, object]:
    """What another reader finds in it."""
    return read_form(source.content_type.decode(), taken(source))


def escaped(value: bytes | File) -> object:
    if isinstance(value, File):
        return value._replace(name=value.name.replace("\\", "%5C").replace('"', "%22"))
    return value.decode()


@pytest.fixture
def bodies() -> Iterator[list[FormBody]]:
    made: list[FormBody] = []
    yield made
    for body in made:
        body.let_go(OVER)


@given(forms, st.lists(st.integers(0, 10_000), max_size=20), st.integers(1, 5000))
def test_a_form_in_any_cut_goes_on_as_it_came(parts: Parts, cuts: list[int], most: int) -> None:
    try:
        body = form(written(parts), cuts)
    except Fault:
        # a value that holds a line with the boundary is no value of this form
        assert any(b"\r\n--" + BOUNDARY in b"\r\n" + (v.content if isinstance(v, File) else v) for _, v in parts)
        return
    source = body.written(body.data)
    whole = taken(source, most)

    assert source.length == len(whole)
    assert source.rewind()
    assert read_form(source.content_type.decode(), whole) == {name: escaped(value) for name, value in parts}
    assert taken(source) == whole
    fields = msgspec.json.decode(body.data)
    assert list(fields) == [name for name, _ in parts]
    body.let_go(OVER)


@given(forms, st.lists(st.integers(0, 10_000), max_size=20), st.integers(0, 3000))
def test_a_form_that_passes_through_goes_on_as_it_came(parts: Parts, cuts: list[int], ahead: int) -> None:
    """Files last, as its fields have to stand before them."""
    parts = [("model", b"m"), *sorted(parts, key=lambda each: isinstance(each[1], File))]
    data = written([(name, value) for name, value in parts if name.lower() != "model" or value == b"m"])
    body = FormBody(TYPE, ahead, 1 << 40, Room(1 << 40))
    places = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    refused = ""
    try:
        for start, stop in itertools.pairwise(places):
            body.add(data[start:stop])
        body.finish()
    except Fault as fault:
        refused = fault.code
    assert refused in {"", "invalid_request", "malformed_request"}
    if refused:
        return
    source = body.written(body.data)
    assert (source.length is None) == (body.replay is Replay.LIVE)
    found = said(source)
    expected = {name: escaped(value) for name, value in parts if name.lower() != "model" or value == b"m"}
    assert found == expected
    body.let_go(OVER)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from([b"--" + BOUNDARY, b"\r\n", b"--", b": ", b'name="model"', b"Content-Disposition: form-data; "]),
        )
    )
)
def test_whatever_comes_is_read_or_refused(pieces: list[bytes]) -> None:
    body = FormBody(TYPE, 100, 1000, Room(1 << 40))
    refused = 0
    try:
        body.add(b"--" + BOUNDARY + b"\r\n")
        for piece in pieces:
            body.add(piece)
        body.finish()
    except Fault as fault:
        refused = fault.status
    assert refused in {0, 400, 413}
    body.let_go(OVER)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(part(b'Content-Disposition: form-data; name="model"'), id="no end"),
        pytest.param(b"", id="empty"),
        pytest.param(b"hello", id="no form"),
        pytest.param(
            b"x\r\n" + part(b'Content-Disposition: form-data; name="model"') + b"--" + BOUNDARY + b"--", id="preamble"
        ),
        pytest.param(part(b"Content-Disposition: form-data"), id="no name"),
        pytest.param(part(b"Content-Type: text/plain"), id="no disposition"),
        pytest.param(part(b'Content-Disposition: attachment; name="model"'), id="no field"),
        pytest.param(part(b'Content-Disposition: form-data; name="model"; name="file"'), id="two names"),
        pytest.param(part(b"Content-Disposition: form-data; name=\"a\"; name*=utf-8''model"), id="name in an encoding"),
        pytest.param(part(b'Content-Disposition: form-data; name="model'), id="open quote"),
        pytest.param(part(b'Content-Disposition: form-data; name="model" x'), id="something behind"),
        pytest.param(part(b'Content-Disposition: form-data; name="mod\r\n el"'), id="folded"),
        pytest.param(part(b'Content-Disposition: form-data; name="mod\nel"'), id="line feed"),
        pytest.param(part(b'Content-Disposition: form-data; name="mod el"'), id="space"),
        pytest.param(part(b'Content-Disposition: form-data; name=""'), id="empty name"),
        pytest.param(part(b'Content-Disposition: form-data; name="\xff"'), id="no text"),
        pytest.param(part(b'Content-Disposition: form-data; name="a"\r\nContent-Disposition: form-data; name="b"'), id="twice"),
        pytest.param(part(b'Content-Disposition: form-data; name="a"\r\nContent-Transfer-Encoding: base64'), id="encoded"),
        pytest.param(part(b'Content-Disposition: form-data; name="a"\r\nContent-Type: x y\x00'), id="type"),
        pytest.param(part(b'Content-Disposition: form-data; name="a"\r\n' + b"x: y\r\n" * 20), id="many headers"),
        pytest.param(part(b'Content-Disposition: form-data; name="a"\r\nx: ' + b"y" * 10_000), id="long header"),
        pytest.param(part(b'Content-Disposition: form-data; name="a"; filename="' + b"y" * 2000 + b'"'), id="long filename"),
        pytest.param(part(b'Content-Disposition: form-data; name="a"; filename="b"; filename="c"'), id="two filenames"),
        pytest.param(part(b'Content-Disposition: form-data; name="a"').replace(b"\r\n", b"\n"), id="bare line feeds"),
    ],
)
def test_what_is_no_proper_form_is_refused(data: bytes) -> None:
    ended = data + (b"--%b--\r\n" % BOUNDARY if data.endswith(b"x\r\n") and b'name="model"\r\n\r\nx\r\n' not in data else b"")
    with pytest.raises(Fault) as caught:
        form(ended)

    assert (caught.value.code, caught.value.status) == ("malformed_request", 400)


@pytest.mark.parametrize(
    "content_type",
    [
        b"multipart/form-data",
        b"multipart/form-data; boundary=",
        b"multipart/form-data; boundary=" + b"x" * 71,
        b'multipart/form-data; boundary="a b"',
        b"multipart/form-data; boundary=a; boundary=b",
        b'multipart/form-data; boundary="a',
        b"multipart/form-data-x; boundary=a",
        b"multipart/form-data; charset=utf-8",
    ],
)
def test_a_boundary_is_said_once_and_plainly(content_type: bytes) -> None:
    with pytest.raises(Fault, match=r"boundary|twice"):
        FormBody(content_type, 10, 10, Room(1 << 40))


@pytest.mark.parametrize(
    "content_type",
    [b"Multipart/Form-Data; BOUNDARY=" + BOUNDARY, b'multipart/form-data;boundary="%b"; charset=utf-8' % BOUNDARY],
)
def test_content_types_are_spelled_in_several_ways(content_type: bytes) -> None:
    body = FormBody(content_type, 10, 10, Room(1 << 40))
    body.add(written([("model", b"m")]))
    body.finish()

    assert body.data == b'{"model":"m"}'


@pytest.mark.parametrize(
    ("head", "filename"),
    [
        (b'form-data; name="file"; filename="a.wav"', "a.wav"),
        (b"form-data; name=file; filename=a.wav", "a.wav"),
        (b'form-data; filename="a.wav"; name="file"', "a.wav"),
        (b'form-data; name="file"; filename=""', ""),
        (b'form-data; name="file"; filename="a\\"b\\\\c.wav"', "a%22b%5Cc.wav"),
        (b'form-data; name="file"; filename="C:\\a.wav"', "C:%5Ca.wav"),
        (b"form-data; name=\"file\"; filename*=utf-8''w%C3%A4hr.wav", "währ.wav"),
        (b'form-data; name="file"; filename="a.wav"; filename*=utf-8\'\'b.wav', "a.wav"),
        ('form-data; name="file"; filename="währ.wav"'.encode(), "währ.wav"),
        (b'form-data; name="file"; filename="a\x00\x07\nb.wav"', "ab.wav"),
    ],
)
def test_names_of_files_as_clients_write_them(head: bytes, filename: str) -> None:
    body = form(part(b"Content-Disposition: " + head) + b"--" + BOUNDARY + b"--")

    file = said(body.written(body.data))["file"]
    assert file == File(filename, "application/octet-stream", b"x")


def test_a_filename_in_another_encoding_goes_on_in_it() -> None:
    body = form(part(b'Content-Disposition: form-data; name="file"; filename="w\xe4hr.wav"') + b"--" + BOUNDARY + b"--")

    assert b'filename="w\xe4hr.wav"' in taken(body.written(body.data))
    assert msgspec.json.decode(body.data)["file"]["filename"] == "w?hr.wav"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ([("model", b"a"), ("model", b"b")], "duplicate_field"),
        ([("model", b"a"), ("model", File("m", "text/plain", b"b"))], "duplicate_field"),
        ([("file", File("a", "text/plain", b"")), ("file", File("b", "text/plain", b""))], "duplicate_field"),
        ([("model", b"\xff")], "invalid_request"),
        ([(f"f{number}", b"") for number in range(201)], "invalid_request"),
        ([("prompt", b"x" * (LARGEST_FIELDS + 1))], "request_too_large"),
        ([("a", b"x" * LARGEST_FIELDS), ("b", b"x")], "request_too_large"),
    ],
)
def test_what_a_form_may_not_say(parts: Parts, code: str) -> None:
    with pytest.raises(Fault) as caught:
        form(written(parts))

    assert caught.value.code == code


def test_what_may_come_several_times() -> None:
    body = form(written([("include[]", b"a"), ("model", b"m"), ("include[]", b"b"), ("image[]", File("i", "image/png", b"1"))]))

    assert msgspec.json.decode(body.data) == {
        "include[]": ["a", "b"],
        "model": "m",
        "image[]": [{"filename": "i", "content_type": "image/png", "size": 1}],
    }


def test_fields_are_written_in_the_place_of_others() -> None:
    body = form(
        written([("drop", b"x"), ("include[]", b"a"), ("model", b"alias"), ("include[]", b"b"), ("prompt", b"\xc3\xa4 \r\n")])
    )
    wanted = b'{"model":"whisper-1","include[]":["c","d"],"prompt":"\xc3\xa4 \\r\\n","n":2}'

    assert said(body.written(wanted)) == {"n": "2", "include[]": ["c", "d"], "model": "whisper-1", "prompt": "ä \r\n"}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list open files in /proc")
def test_a_large_file_is_put_aside_without_a_name(
    bodies: list[FormBody], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content = os.urandom(IN_MEMORY + 100_000)
    body = form(written([("file", File("a", "audio/mpeg", content)), ("model", b"m")]), range(0, len(content), 70_000))
    bodies.append(body)
    opened = [os.fstat(fd) for fd in _open_in(tmp_path)]

    assert list(tmp_path.iterdir()) == []
    assert [(stat.S_IMODE(file.st_mode), file.st_nlink, file.st_size) for file in opened] == [(0o600, 0, len(content))]
    assert said(body.written(body.data))["file"] == File("a", "audio/mpeg", content)
    body.let_go(OVER)
    assert _open_in(tmp_path) == []


def _open_in(folder: Path) -> list[int]:
    """Descriptors of this process's files that lie there, or did."""
    found: list[int] = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(entry.readlink()).startswith(str(folder)):
                found.append(int(entry.name))
    return found


def test_without_room_an_upload_is_put_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    spool = Spool(Room(1 << 40))
    with pytest.raises(Fault) as caught:
        spool.add(bytes(IN_MEMORY + 1))

    assert (caught.value.code, caught.value.status, str(tmp_path) in caught.value.message) == ("overloaded", 503, False)


def test_all_forms_together_are_put_aside_in_one_room() -> None:
    room = Room(1500)
    first, second = Spool(room), Spool(room)
    first.add(bytes(1000))
    with pytest.raises(Fault) as caught:
        second.add(bytes(501))
    first.close()
    first.close()
    second.add(bytes(1500))

    assert (caught.value.code, caught.value.retry_after, second.size, room.left) == ("overloaded", 5.0, 1500, 0)


# ── What passes through ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def large(*fields: tuple[str, bytes], size: int = 3000) -> bytes:
    return written([*fields, ("file", File("a", "audio/mpeg", bytes(size)))])


def test_a_large_file_is_taken_no_faster_than_it_goes_on() -> None:
    async def scenario() -> None:
        body = FormBody(TYPE, 1000, 1 << 40, Room(1 << 40))
        read_on: list[int] = []
        body.on_wanted(lambda: read_on.append(1))
        reading = asyncio.ensure_future(body.read())
        await asyncio.sleep(0)
        data = large(("model", b"m"), size=5 * ROOM)
        body.add(data[:2000])
        fields = await reading
        source = body.written(fields)

        assert msgspec.json.decode(fields)["file"] == {"filename": "a", "content_type": "audio/mpeg", "size": None}
        assert (body.replay, body.complete, source.length, body.asked_for) == (Replay.LIVE, False, None, True)
        assert source.rewind()
        at = 2000
        while body.asked_for:
            body.add(data[at : at + 65_536])
            at += 65_536
        assert at < 2 * ROOM
        assert body.moves()  # nobody is to blame but whoever takes it
        asked = len(read_on)
        got = bytearray()
        while at < len(data) or not body.complete:
            while not body.asked_for:
                got += source.take(100_000) or b""
            body.add(data[at : at + 65_536])
            at += 65_536
            if at >= len(data) and not body.complete:
                body.finish()
        got += taken(source, 100_000)

        assert len(read_on) > asked
        assert not source.rewind()
        form_said = read_form(source.content_type.decode(), bytes(got))
        assert form_said == {"model": "m", "file": File("a", "audio/mpeg", bytes(5 * ROOM))}
        body.let_go(OVER)

    asyncio.run(scenario())


def test_whoever_waits_for_more_is_told() -> None:
    body = form(large(("model", b"m"))[:2500], ahead=1000, ends=False)
    source = body.written(body.data)
    told: list[str] = []
    while source.take(10_000):
        pass

    source.on_more(lambda: told.append("more"))
    body.add(b"12345")
    body.add(b"67890")
    assert (told, source.take(7), source.take(7), source.take(7)) == (["more"], b"12345", b"67890", b"")
    source.on_more(lambda: told.append("over"))
    body.fail(Fault("request_timeout", "Too slow."))
    assert told == ["more", "over"]
    with pytest.raises(Fault, match="Too slow"):
        source.take(7)


def test_fields_must_stand_before_what_passes_through() -> None:
    with pytest.raises(Fault, match="stands behind files of more than 1000 bytes"):
        form(
            written([("model", b"m"), ("file", File("a", "audio/mpeg", bytes(3000))), ("stream", b"true")]),
            range(0, 9000, 500),
            ahead=1000,
        )
    with pytest.raises(Fault, match="hold no field"):
        form(written([("file", File("a", "audio/mpeg", bytes(3000))), ("model", b"m")]), [500, 1500, 2500], ahead=1000)
    with pytest.raises(Fault, match="stands behind"):
        form(
            written(
                [("model", b"m"), ("image[]", File("a", "image/png", bytes(3000))), ("mask", File("b", "image/png", b"1"))]
            ),
            range(0, 9000, 500),
            ahead=1000,
        )


def test_a_text_among_files_that_pass_through_is_refused() -> None:
    """It might be the id of a file that a provider keeps for somebody else."""
    with pytest.raises(Fault, match="stands behind"):
        form(
            written([("model", b"m"), ("image[]", File("a", "image/png", bytes(3000))), ("image[]", b"file-1")]),
            range(0, 9000, 500),
            ahead=1000,
        )


def test_more_files_of_one_name_may_pass_through() -> None:
    images = [("image[]", File(str(number), "image/png", bytes(1500))) for number in range(3)]
    body = form(written([("model", b"m"), *images]), range(0, 9000, 500), ahead=1000)

    assert body.replay is Replay.LIVE
    assert said(body.written(body.data)) == {"model": "m", "image[]": [file for _, file in images]}


def test_a_file_that_passes_through_and_ends_too_early_is_no_file() -> None:
    body = form(large(("model", b"m"))[:-5], [1500, 2000], ahead=1000, ends=False)

    with pytest.raises(Fault, match="no end"):
        body.finish()


def test_progress_is_enough_to_go_on_waiting() -> None:
    body = FormBody(TYPE, 1 << 30, 1 << 30, Room(1 << 40))
    body.add(large(("model", b"m"), size=3 * STEP)[: 2 * STEP])

    assert (body.moves(), body.moves()) == (True, False)


def test_after_its_exchange_nothing_of_a_form_is_kept() -> None:
    body = form(large(("model", b"m"))[:2000], ends=False)
    body.let_go(OVER)
    body.add(bytes(100))

    assert body.size == 2100
