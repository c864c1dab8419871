"""Top-level fields: kept as they came, and never two of one name."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from headworks.dialects.fields import read_fields, write_fields
from headworks.domain.errors import Fault

GOVERNED = frozenset(("model", "stream", "kettle"))

names = st.text(max_size=6).filter(lambda name: name.casefold() not in GOVERNED)
values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
spaces = st.text(alphabet=" \t\r\n", max_size=2)


@st.composite
def objects(draw: st.DrawFn) -> tuple[list[str], bytes]:
    """Names of an object's fields, and one of the many ways to write it: spaces, escapes, nested keys of the same name."""
    pairs = draw(st.lists(st.tuples(names, values), max_size=5))
    fields: list[str] = []
    for name, value in pairs:
        written = json.dumps(name, ensure_ascii=draw(st.booleans()))
        if draw(st.booleans()):
            written = '"' + "".join(f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else letter for letter in name) + '"'
        gap = [draw(spaces) for _ in range(4)]
        value_text = json.dumps(value, indent=draw(st.sampled_from([None, 1])), ensure_ascii=draw(st.booleans()))
        fields.append(f"{gap[0]}{written}{gap[1]}:{gap[2]}{value_text}{gap[3]}")
    text = draw(spaces) + "{" + ",".join(fields) + draw(spaces) * (not fields) + "}" + draw(spaces)
    return [name for name, _ in pairs], text.encode("utf-8", "surrogatepass")


@given(objects())
def test_a_second_field_of_one_name_is_always_found(written: tuple[list[str], bytes]) -> None:
    """Exactly those bodies are refused that have two equal names, however they are spelt and spaced."""
    field_names, body = written
    try:
        body.decode()
    except UnicodeDecodeError:
        return
    if any(0xD800 <= ord(letter) < 0xE000 for name in field_names for letter in name):
        return

    if len(set(field_names)) == len(field_names):
        assert list(read_fields(body, GOVERNED)) == field_names
    else:
        with pytest.raises(Fault) as caught:
            read_fields(body, GOVERNED)
        assert caught.value.code == "duplicate_field"
        assert caught.value.param in field_names


@given(st.dictionaries(names, values, max_size=5), st.sampled_from([None, 2]))
@example({"a": 1.0}, None)
def test_values_keep_their_bytes(content: dict[str, Any], indent: int | None) -> None:
    body = json.dumps(content, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    try:
        body.decode()
    except UnicodeDecodeError:
        return

    fields = read_fields(body, GOVERNED)

    assert all(bytes(raw) in body for raw in fields.values())
    assert json.loads(write_fields(fields)) == content
    assert all(bytes(raw) in write_fields(fields) for raw in fields.values())


def test_a_patched_field_stays_in_its_place() -> None:
    fields: dict[str, Any] = dict(read_fields(b'{"a":1.50, "model":"x","b":[1, 2]}', GOVERNED))

    assert write_fields({**fields, "model": "y"}) == b'{"a":1.50,"model":"y","b":[1, 2]}'


@pytest.mark.parametrize("name", ["Model", "MODEL", "\u017ftream", "\u212aettle", "mode\\u004c"])
def test_another_spelling_of_a_governed_name_is_refused(name: str) -> None:
    """Some servers fold case as Go does, where a long s is an s and the Kelvin sign a k."""
    with pytest.raises(Fault) as caught:
        read_fields(f'{{"{name}":1}}'.encode(), GOVERNED)

    assert caught.value.code == "duplicate_field"


def test_a_name_that_only_contains_a_governed_one_passes() -> None:
    assert list(read_fields(b'{"model_id":1,"models":[]}', GOVERNED)) == ["model_id", "models"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"[1]", "object"),
        (b'"model"', "object"),
        (b'{"a":NaN}', "byte 5"),
        (b'{"a":Infinity}', "byte 5"),
        (b'{"a":1,}', "byte 7"),
        (b'{"a":1} x', "byte 9"),
        (b'{"a":"\xff"}', "UTF-8"),
        (b'{"a":"\xff"}', "byte 6"),
        (b'{"\xff":1}', "byte 2"),
        (b'{"a":"\xed\xa0\x80"}', "UTF-8"),
        (b'{"a":"\\ud800 alone"}', "byte"),
        (b'{"a":"\\udc00"}', "surrogate"),
        (b'{"a":"\n"}', "byte 6"),
        (b"\xef\xbb\xbf{}", "byte 0"),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deep"),
        (b'{"a":' + b'{"a":' * 50_000, "deep"),
        (b'{"a":01}', "number"),
        (b'{"a"', "truncated"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(body: bytes, says: str) -> None:
    with pytest.raises(Fault) as caught:
        read_fields(body, GOVERNED)

    assert caught.value.code == "invalid_json"
    assert says in caught.value.message


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        fields = read_fields(body, GOVERNED)
    except Fault:
        return

    assert json.loads(write_fields(fields)) == json.loads(body)


def _judged(body: bytes) -> list[str] | str:
    try:
        return list(read_fields(body, GOVERNED))
    except Fault as fault:
        return fault.code


@given(objects())
def test_large_bodies_are_judged_as_small_ones(written: tuple[list[str], bytes]) -> None:
    """Large ones are followed from key to key before they are decoded."""
    body = written[1]
    large = body + b" " * 70_000

    assert _judged(large) == _judged(body)


@pytest.mark.parametrize("padding", [b"", b" " * 70_000])
@pytest.mark.parametrize("first", [b"1", b"12", b'"x"', b'"x\\",\\"b\\":2"', b"[]", b"1.0", b"true"])
@pytest.mark.parametrize("last", [b"1", b"2", b'"x"', b"[]", b"null"])
def test_a_second_value_is_found_whatever_the_first_was(padding: bytes, first: bytes, last: bytes) -> None:
    body = b'{ "a":%b,\n"b":2,"\\u0061" :%b}%b' % (first, last, padding)

    with pytest.raises(Fault) as caught:
        read_fields(body, GOVERNED)

    assert (caught.value.code, caught.value.param) == ("duplicate_field", "a")


@pytest.mark.parametrize("count", [200, 201, 3_000, 300_000])
def test_too_many_fields_are_refused(count: int) -> None:
    body = b"{%b}" % b",".join(b'"k%d":1' % place for place in range(count))

    if count == 200:
        assert len(read_fields(body, GOVERNED)) == count
        return
    with pytest.raises(Fault, match="more than 200 fields") as caught:
        read_fields(body, GOVERNED)
    assert caught.value.code == "invalid_request"


@pytest.mark.parametrize("tail", [b"", b"}x", b"}}", b",}", b":1}", b"}]"])
def test_a_large_body_that_ends_badly_is_no_json(tail: bytes) -> None:
    with pytest.raises(Fault) as caught:
        read_fields(b'{"a":"%b","b":1%b' % (b"x" * 70_000, tail), GOVERNED)

    assert caught.value.code == "invalid_json"


def test_a_million_fields_are_not_even_decoded() -> None:
    """Memory that decoding takes shows it: timing would depend on the machine."""
    body = b"{%b}" % b",".join(b'"%x":1' % place for place in range(200_000))

    tracemalloc.start()
    try:
        with pytest.raises(Fault):
            read_fields(body, GOVERNED)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 1_000_000
