"""What may be passed through to a provider: lines that are let in, and lines that would let out more than they say."""

from __future__ import annotations

import pytest

from headworks.domain.money import PriceCard
from headworks.domain.passthrough import Passage
from headworks.domain.patterns import overlap
from headworks.providers.catalog import shipped_catalog
from tests.config.compiling import compiled, refusal, report_of

CATALOG = shipped_catalog()
PRICES = "prices: {openai/new: {input: 1}, openai/gpt-4.1: {input: 1}}\n"
MODELS = f"models: {{m: openai/gpt-4.1}}\n{PRICES}"


def document(line: str, rule: str = "{price: free}", provider: str = "{type: openai}") -> str:
    return f'providers:\n  openai: {{passthrough: {{"{line}": {rule}}}, {provider[1:]}\n{MODELS}'


def passage(line: str, rule: str = "{price: free}", provider: str = "{type: openai}") -> Passage:
    passages = compiled(document(line, rule, provider)).snapshot.passthrough["openai"].passages
    return next(each for each in passages if each.line == line)


@pytest.mark.parametrize(
    ("line", "rule", "said"),
    [
        ("GET /v1/files", "{price: free}", "It tells what the whole account holds, of all tenants"),
        ("GET /v1/batches", "{price: free, ids: [id]}", "add shared: true if all callers may see all of it"),
        ("GET /v1/models/{model}/tunes", "{price: free}", "which of it is whose, nobody can tell"),
        ("POST /v1/ocr", "{}", "Nobody says what 'POST /v1/ocr' costs, and what has no price is not served"),
        ("PUT /v1/things/{thing}", "{}", "Add price: {request: 0.01}"),
        ("POST /v1/chat/completions", "{price: free}", "The gateway serves this itself, as 'chat'"),
        ("POST /v1/{any}/completions", "{price: free}", "The gateway serves this itself, as 'chat'"),
        ("GET /v1/responses/{id}", "{}", "The gateway serves this itself, as 'response'"),
        ("DELETE /v1/{things}/{id}", "{}", "The gateway serves this itself, as 'delete_response'"),
        ("POST v1/ocr", "{price: free}", "'POST v1/ocr' is no method and path"),
        ("post /v1/ocr", "{price: free}", "is no method and path"),
        ("HEAD /v1/ocr", "{price: free}", "is no method and path"),
        ("POST /v1/ocr/", "{price: free}", "is no method and path"),
        ("POST /v1//ocr", "{price: free}", "is no method and path"),
        ("POST /v1/../ocr", "{price: free}", "is no method and path"),
        ("POST /v1/o cr", "{price: free}", "is no method and path"),
        ("POST /v1/%6fcr", "{price: free}", "is no method and path"),
        ("POST /v1/{a}/{a}", "{price: free}", "is no method and path"),
        ("POST /v1/{a", "{price: free}", "is no method and path"),
        ("POST /v1/*", "{price: free, query: [key]}", "A client's 'key' looks like a credential"),
        ("POST /v1/x", "{price: free, query: [access_token]}", "never passed on"),
        ("POST /v1/x", "{price: free, query: [X-Amz-Signature]}", "never passed on"),
        ("GET /v1/x/{id}", "{query: [model]}", "Nobody would ask who may use the model"),
        ("POST /v1/x", "{price: free, headers: [Authorization]}", "is the operator's to send"),
        ("POST /v1/x", "{price: free, headers: [idempotency-key]}", "is the operator's to send"),
        ("POST /v1/x", "{price: free, headers: [OpenAI-Organization]}", "is the operator's to send"),
        ("POST /v1/x", "{price: free, headers: [content-length]}", "is the gateway's own"),
        ("POST /v1/x", "{price: free, headers: [x-forwarded-for]}", "is the gateway's own"),
        ("POST /v1/x", "{price: free, headers: ['a b']}", "is not a header name"),
        ("POST /v1/x", "{price: free, content_types: [audio]}", "'audio' is no content type"),
        ("POST /v1/x", "{price: free, content_types: [application/json]}", "JSON is always taken"),
        ("POST /v1/x", "{price: free, shared: true, ids: [id]}", "What is shared has no ids to hide"),
        ("POST /v1/x", "{price: cheap}", "'cheap'"),
        ("POST /v1/x", "{price: free, reserve: much}", "'much'"),
        ("POST /v1/x", "{price: free, id: [id]}", "Did you mean 'ids'?"),
    ],
)
def test_lines_that_are_refused(line: str, rule: str, said: str) -> None:
    report = report_of(document(line, rule))

    assert said in report
    assert line in report or "providers" in report


_FILES = "passthrough: {'POST /v1/files': {price: free}, 'GET /v1/files/{file}': }"


@pytest.mark.parametrize(
    ("mounts", "said"),
    [
        ("[filse]", "No line of this provider's 'passthrough' is about 'filse'"),
        ("[batches]", "Add lines such as 'POST /v1/batches'"),
        ("[chat]", "The gateway serves /v1/chat itself"),
        ("[v1]", "'v1' is no beginning of a path. Write what follows the version, one plain word: files."),
        ("[v1beta]", "'v1beta' is no beginning of a path"),
        ("[files/x]", "'files/x' is no beginning of a path"),
        ("[/files]", "'/files' is no beginning of a path"),
        ("['..']", "'..' is no beginning of a path"),
        ("['']", "'' is no beginning of a path"),
        ("['fi les']", "'fi les' is no beginning of a path"),
        ("[responses]", "The gateway serves /v1/responses itself"),
        ("[files]}, lab: {type: openai, mounts: [files], " + _FILES, "/v1/files leads to openai already"),
    ],
)
def test_mounts_that_are_refused(mounts: str, said: str) -> None:
    assert said in report_of(f"providers: {{openai: {{{_FILES}, mounts: {mounts}}}}}\n{MODELS}")


def test_a_mount_stands_for_what_its_providers_lines_begin_with() -> None:
    lines = "passthrough: {'POST /openai/v1/files': {price: free}}"
    document = f"providers: {{openai: {{{lines}, mounts: [files]}}}}\n{MODELS}"

    assert compiled(document).snapshot.mounts == {b"files": b"openai/openai/v1"}


def test_a_list_of_all_is_let_in_where_it_is_said_to_be_everybodys() -> None:
    listing = passage("GET /v1/files", "{price: free, shared: true}")
    assert (listing.shared, listing.mark) == (True, None)


@pytest.mark.parametrize(
    ("line", "rule", "ids"),
    [
        ("GET /v1/things/{thing}", "{}", True),
        ("POST /v1/things", "{price: free}", False),
        ("GET /v1/things/{thing}/parts", "{ids: []}", False),
        ("POST /v1/ocr", "{price: free, ids: [id]}", True),
    ],
)
def test_ids_are_what_the_line_says_or_what_it_is_about(line: str, rule: str, ids: bool) -> None:  # noqa: FBT001 - a test's parameter
    found = passage(line, rule)
    assert ("id" in found.ids) is ids
    assert "file_id" in found.ids


def test_what_is_made_is_known_by_the_line_that_names_it() -> None:
    text = document("POST /v1/things", "{price: free}, 'GET /v1/things/{thing}': {}")
    passages = compiled(text).snapshot.passthrough["openai"].passages
    assert all("id" in each.ids for each in passages)


@pytest.mark.parametrize(
    ("line", "rule", "price"),
    [
        ("GET /v1/things/{thing}", "", 0),
        ("DELETE /v1/things/{thing}", "", 0),
        ("POST /v1/ocr", "{price: {request: 0.01}}", 10_000_000),
        ("POST /v1/ocr", "{price: model}", None),
    ],
)
def test_a_line_says_what_it_costs(line: str, rule: str, price: int | None) -> None:
    found = passage(line, rule)
    assert (found.price.request if isinstance(found.price, PriceCard) else None) == price
    assert found.by_model is (price is None)


@pytest.mark.parametrize(
    ("provider", "line", "sent", "signed"),
    [
        ("{type: openai}", "POST /v1/x", "/v1/x", b"authorization: Bearer sk-openai\r\n"),
        ("{type: openai, base_url: 'https://proxy.test/eu/v1'}", "POST /v1/x", "/eu/v1/x", b"host: proxy.test\r\n"),
        ("{type: deepseek}", "POST /beta/completions", "/beta/completions", b"authorization: Bearer sk-deepseek\r\n"),
        ("{type: deepseek}", "POST /anthropic/v1/x", "/anthropic/v1/x", b"x-api-key: sk-deepseek\r\n"),
        ("{type: anthropic}", "POST /v1/skills", "/v1/skills", b"anthropic-version: 2023-06-01\r\n"),
        ("{type: google, api_key: '${OPENAI_API_KEY}'}", "POST /v1beta/x", "/v1beta/x", b"x-goog-api-key: sk-openai\r\n"),
        ("{type: google, api_key: '${OPENAI_API_KEY}'}", "POST /v1beta/openai/x", "/v1beta/openai/x", b"authorization: Bearer"),
        ("{type: vllm, base_url: 'http://gpu:8000'}", "POST /classify", "/classify", b"host: gpu:8000\r\n"),
    ],
)
def test_a_line_is_asked_below_the_host_with_the_credential_that_counts_there(
    provider: str, line: str, sent: str, signed: bytes
) -> None:
    found = passage(line, provider=provider)

    assert found.path == sent
    assert signed in found.head
    assert b"content-type" not in found.head
    assert "sk-" not in repr(found)


def test_what_is_written_of_a_line_of_the_catalogue_lies_over_it() -> None:
    line = "POST /v1/ocr"
    written = '{api_key: "${OPENAI_API_KEY}", passthrough: {"POST /v1/ocr": {price: {request: 0.004}}}}'
    text = f"providers: {{mistral: {written}}}\nmodels: {{m: openai/gpt-4.1}}\n"
    through = compiled(text).snapshot.passthrough["mistral"]
    (found,) = (each for each in through.passages if each.line == line)

    assert found.price == PriceCard(request=4_000_000, source="config")
    assert "file_id" in found.ids


def test_names_of_what_is_passed_through_can_be_allowed_and_priced() -> None:
    known = document("POST /v1/x", "{price: model}")
    keys = "keys: {k: {key: '${OPENAI_API_KEY}', features: [passthrough], endpoints: [passthrough], models: [MODEL]}}\n"
    for model in ("passthrough/openai", "openai/new", "openai/*"):
        assert refusal(known + keys.replace("MODEL", model)) is None
    assert "There is no model 'passthrough/opneai'" in report_of(known + keys.replace("MODEL", "passthrough/opneai"))


def test_a_models_own_names_lead_to_it() -> None:
    models = "{m: openai/gpt-4.1, wide: [anthropic/claude-sonnet-4-5, openai/gpt-4.1]}"
    text = document("POST /v1/x", "{price: model}").replace("{m: openai/gpt-4.1}", models)
    known = compiled(text).snapshot.passthrough["openai"].known_as
    assert known == {"gpt-4.1": ("m", "wide")}


@pytest.mark.parametrize("name", [name for name, row in CATALOG.providers.items() if row.passthrough])
def test_the_catalogues_own_lines_keep_nothing_and_cost_something(name: str) -> None:
    """Nothing is let through unasked that makes something to be kept, or that costs what nobody is told of."""
    for line, rule in CATALOG.providers[name].passthrough.items():
        assert line.startswith("POST ")
        assert rule.price is not None
        assert not rule.shared
        assert "{" not in line.replace("{model}", "")


def test_patterns_of_segments_meet_where_some_segment_fits_both() -> None:
    assert overlap("*:predict", "*:predict")
    assert not overlap("*:predict", "*:generateContent")
