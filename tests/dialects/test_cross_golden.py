"""The golden cases between OpenAI's and Anthropic's languages: one file each, with the question, what is sent of it, what is reported as
lost, the upstream's answer, and what the client gets; whole and streamed.
"""

from __future__ import annotations

import json
import random
from pathlib import Path

import msgspec
import pytest

from headworks.domain.errors import Fault
from tests.dialects.anthropic_wire import pieces
from tests.dialects.crossing import REQUEST_SCHEMAS, Json, as_stream, decode, meaning, prepare, read, upstream
from tests.dialects.published_spec import SPECS, spec

CASES = sorted((Path(__file__).parent / "golden").glob("*.json"))

every_case = pytest.mark.parametrize("file", CASES, ids=lambda file: file.stem)


def load(file: Path) -> Json:
    return json.loads(file.read_text())


def test_there_are_cases_in_both_directions() -> None:
    assert {load(file)["front"] for file in CASES} == {"openai_chat", "anthropic"}


@every_case
def test_the_question_is_sent_as_the_case_says(file: Path) -> None:
    case = load(file)

    prepared = prepare(case["front"], case["asked"], upstream(case["upstream"], case["model"], case.get("quirks")))

    assert msgspec.json.decode(prepared.body) == case["sent"]
    assert [[loss.path, loss.what] for loss in prepared.downgrades] == case["downgrades"]


@every_case
@pytest.mark.skipif(not SPECS.exists(), reason=f"no API descriptions at {SPECS}")
def test_what_is_sent_is_what_the_provider_describes(file: Path) -> None:
    case = load(file)
    description, schema = REQUEST_SCHEMAS[case["upstream"]]

    assert spec(description).complaints(schema, case["sent"]) == []


@every_case
def test_the_answer_is_told_as_the_case_says(file: Path) -> None:
    case = load(file)
    relay = prepare(case["front"], case["asked"], upstream(case["upstream"], case["model"])).relay

    told = relay.feed(msgspec.json.encode(case["answer"])) + relay.close()

    assert msgspec.json.decode(told) == case["told"]
    assert (relay.fault, relay.ended) == (None, True)


@every_case
def test_streamed_it_means_what_it_means_whole(file: Path) -> None:
    case = load(file)
    asked = {**case["asked"], "stream": True}
    if case["front"] == "openai_chat":
        asked["stream_options"] = {"include_usage": True}
    relay = prepare(case["front"], asked, upstream(case["upstream"], case["model"])).relay

    told = relay.feed(as_stream(case["upstream"], case["answer"])) + relay.close()

    whole = meaning(read(case["front"], msgspec.json.encode(case["told"])))
    assert meaning(decode(case["front"], told)) == whole
    assert (relay.fault, relay.ended) == (None, True)


@every_case
def test_any_cut_of_the_stream_is_told_alike(file: Path) -> None:
    case = load(file)
    stream = as_stream(case["upstream"], case["answer"])
    dice = random.Random(file.stem)  # noqa: S311 - a reproducible choice, not a secret
    told: list[Json] = []

    for cuts in ([], sorted(dice.sample(range(len(stream)), 9)), range(len(stream))):
        relay = prepare(case["front"], {**case["asked"], "stream": True}, upstream(case["upstream"], case["model"])).relay
        out = b"".join([*map(relay.feed, pieces(stream, cuts)), relay.close()])
        told.append(meaning(decode(case["front"], out)))

    assert told[0] == told[1] == told[2]


@every_case
def test_a_cut_stream_never_ends_cleanly(file: Path) -> None:
    """Whatever byte it breaks off at, the client hears an error, and no sign of a good end."""
    case = load(file)
    stream = as_stream(case["upstream"], case["answer"])
    dice = random.Random(file.stem)  # noqa: S311 - a reproducible choice, not a secret
    end = stream.index(b"message_delta" if case["upstream"] == "anthropic" else b'"finish_reason":"')

    for cut in dice.sample(range(end), 12):
        relay = prepare(case["front"], {**case["asked"], "stream": True}, upstream(case["upstream"], case["model"])).relay
        told = relay.feed(stream[:cut]) + relay.close()
        assert relay.fault is not None
        told += relay.fail(relay.fault, "req_1")
        assert b"[DONE]" not in told
        assert b"message_stop" not in told
        assert told.count(b'"error"') >= 1


@pytest.mark.parametrize("file", [file for file in CASES if load(file)["downgrades"]], ids=lambda file: file.stem)
def test_an_operator_can_have_losses_refused(file: Path) -> None:
    case = load(file)
    target = upstream(case["upstream"], case["model"], case.get("quirks"))

    with pytest.raises(Fault) as caught:
        prepare(case["front"], case["asked"], msgspec.structs.replace(target, inexpressible="error"))

    assert (caught.value.code, caught.value.param) == ("inexpressible", case["downgrades"][0][0])
