"""Each row of the catalogue against one case: asked through the row, the same request leaves, and the answer is read."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec
import pytest

from headworks.dialects.anthropic import Anthropic
from headworks.dialects.bedrock import Bedrock
from headworks.dialects.cohere import Cohere
from headworks.dialects.gemini import Gemini
from headworks.dialects.openai_chat import OpenAIChat
from headworks.domain.call import Ask
from headworks.domain.events import Ended
from headworks.domain.kind import Kind
from headworks.domain.target import AskedModel, Target
from headworks.domain.where import Where
from headworks.ports.dialect import Dialect, Spoken
from headworks.providers.catalog import shipped_catalog
from tests.config.compiling import compiled
from tests.dialects.recordings import Recording, shared

CARRIED: dict[str, Dialect] = {dialect.name: dialect for dialect in (OpenAIChat(), Anthropic(), Gemini())}
"""Languages of clients and upstreams: bodies travel untouched."""
SPOKEN: dict[str, Spoken] = {dialect.name: dialect for dialect in (Bedrock(), Cohere())}
"""Languages of upstreams alone."""


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `cases.toml` says of a row."""

    settings: str = ""
    recording: str = ""
    documented: str = ""
    request: str = ""
    header: str = ""
    model: str = ""

    @property
    def exchange(self) -> Recording:
        """What was recorded."""
        content = json.loads((shared() / self.recording).read_bytes())
        return Recording(self.recording, content["provider"], content["op"], 200, (), content["fidelity"])

    def target(self, row: str, model: str) -> Target:
        """Where the row sends requests for a model."""
        rule = ", ".join(filter(None, (f"type: {row}", "api_key: KEY", self.settings)))
        text = f"providers: {{p: {{{rule}}}}}\nmodels: {{m: 'p/{model}'}}\nprices: {{'p/{model}': free}}\n"
        return compiled(text).snapshot.models["m"].targets[0]


CASES = msgspec.convert(tomllib.loads(Path(__file__).with_name("cases.toml").read_text()), dict[str, Case])
RECORDED = {row: case for row, case in CASES.items() if case.recording}
DOCUMENTED = {row: case for row, case in CASES.items() if case.documented}
needs_recordings = pytest.mark.skipif(not shared().exists(), reason=f"no recordings at {shared()}")


def test_every_row_has_its_case() -> None:
    assert CASES.keys() == shipped_catalog().providers.keys()
    assert all(case.recording or case.documented for case in CASES.values())
    assert all(bool(case.documented) == bool(case.request) == bool(case.model) for case in CASES.values())


@pytest.mark.parametrize("row", DOCUMENTED)
def test_a_row_asks_where_its_documentation_says(row: str) -> None:
    case = CASES[row]
    method, _, url = case.request.partition(" ")
    place = urlsplit(url)

    heads = case.target(row, case.model).heads.values()

    asked = [head.decode().split("\r\n") for head in heads if unquote(head.decode()).startswith(f"{method} {place.path} ")]
    assert asked, [head.decode().partition("\r\n")[0] for head in heads]
    assert f"host: {place.netloc}" in asked[0]
    assert not case.header or case.header in asked[0]


@needs_recordings
@pytest.mark.parametrize("row", [row for row, case in RECORDED.items() if not case.documented])
def test_a_row_asks_as_was_recorded(row: str) -> None:
    case = CASES[row]
    recording = case.exchange
    request, model = recording.content["request"], recording.content["model"]
    target = case.target(row, model)

    line, _, headers = target.heads[_kind(recording)].decode().partition("\r\n")

    path, _, query = line.split(" ")[1].partition("?")
    assert unquote(path) == unquote(request["path"])
    assert query == request["query"] or not request["query"]  # some recordings keep none
    assert request["host"] is None or f"host: {request['host']}\r\n" in headers
    if target.dialect in CARRIED:
        assert json.loads(_patched(recording, target)) == recording.request


@needs_recordings
@pytest.mark.parametrize("row", RECORDED)
def test_a_row_reads_what_was_answered(row: str) -> None:
    case = CASES[row]
    recording = case.exchange
    target = case.target(row, case.model or recording.content["model"])
    if target.dialect in SPOKEN:
        assert isinstance(SPOKEN[target.dialect].read_answer(recording.answer, target)[-1], Ended)
        return

    relay = CARRIED[target.dialect].untouched(
        _kind(recording), Ask(model=AskedModel("m"), stream=recording.is_stream, include_usage=True), target
    )

    assert relay.feed(recording.answer) + relay.close() == recording.answer
    assert relay.fault is None
    assert relay.usage is not None


def _kind(recording: Recording) -> Kind:
    return Kind.EMBEDDINGS if recording.op == "embeddings" else Kind.CHAT


def _patched(recording: Recording, target: Target) -> bytes:
    """The body that leaves, where a client has asked for the recorded one in the dialect's own form."""
    added = target.body.add if target.body else {}
    wanted = {name: value for name, value in recording.request.items() if name not in added}
    if target.dialect != "gemini":
        wanted["model"] = target.model
    dialect, kind = CARRIED[target.dialect], _kind(recording)
    return dialect.patch(kind, dialect.read_ask(kind, json.dumps(wanted).encode(), Where(target.model)), target, None)
