"""Names that callers may ask for, and what they become."""

from __future__ import annotations

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.domain.money import Money
from headworks.domain.principal import Principal
from headworks.domain.snapshot import Model, Snapshot
from headworks.domain.target import AskedModel
from headworks.domain.usage import Usage
from tests.config.compiling import compiled, report_of

ANYONE = Principal(id="anyone")
WILD = 'providers: {openai: , vllm: }\nmodels: {"openai/*": openai/*, "gpt-*": openai/gpt-*, "gpt-4o*": vllm/big-*, "l-*-x": vllm/*, "any-*": openai/gpt-4o}\n'


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("openai/gpt-4o", "openai/gpt-4o"),
        ("openai:gpt-4o", "openai/gpt-4o"),
        ("gpt-4.1", "openai/gpt-4.1"),
        ("gpt-4o-mini", "vllm/big--mini"),
        ("l-llama3:8b-x", "vllm/llama3:8b"),
        ("any-thing", "openai/gpt-4o"),
        ("claude", None),
        ("openai/", None),
        ("gpt-", None),
        ("l--x", None),
        ("llama3:8b", None),
        ("openai/" + "x" * 300, None),
    ],
)
def test_a_star_stands_for_something(asked: str, target: str | None) -> None:
    """The longest pattern that fits wins; a colon after a provider's name is as good as a slash."""
    model = compiled(WILD).snapshot.find(asked)

    assert (model.targets[0].name if model is not None else None) == target


def test_a_colon_finds_a_fixed_name_too() -> None:
    model = compiled("providers: {openai: }\nmodels: {openai/gpt-4o: openai/gpt-4o}\n").snapshot.find("openai:gpt-4o")

    assert model is not None
    assert model.name == "openai/gpt-4o"


@pytest.fixture(scope="module")
def remembering() -> Snapshot:
    return compiled(WILD).snapshot


@given(names=st.lists(st.text(min_size=1, max_size=12).filter(lambda name: "*" not in name), min_size=1, max_size=30))
def test_resolving_is_a_function_of_the_name(remembering: Snapshot, names: list[str]) -> None:
    """Whatever callers invent, and in whatever order: the memory of answers changes no answer."""
    fresh = compiled(WILD).snapshot
    for name in names:
        remembering.find(f"openai/{name}")
    for name in names:
        asked = remembering.find(f"openai/{name}")
        assert asked is not None
        assert asked == fresh.find(f"openai/{name}")


def test_the_memory_of_answers_is_bounded() -> None:
    snapshot = compiled(WILD).snapshot
    for number in range(3_000):
        snapshot.find(f"openai/m{number}")

    assert snapshot.resolve.cache_info().currsize <= 1_024  # type: ignore[attr-defined] - an lru_cache behind the port


def test_endless_names_are_neither_looked_up_nor_remembered() -> None:
    snapshot = compiled(WILD).snapshot

    assert snapshot.find("openai/" + "x" * 249) is not None
    assert snapshot.find("openai/" + "x" * 250) is None
    assert snapshot.find("gpt" + "x" * 1_000_000) is None
    assert snapshot.resolve.cache_info().currsize == 1  # type: ignore[attr-defined] - an lru_cache behind the port


def test_close_names_are_suggested_but_not_to_endless_ones() -> None:
    snapshot = compiled("models: {gpt-4o: openai/gpt-4o, gpt-4.1: openai/gpt-4.1, claude: openai/gpt-4o}\n").snapshot

    assert snapshot.suggest("gtp-4o", ANYONE)[0] == "gpt-4o"
    assert snapshot.suggest("gpt-4o" * 50, ANYONE) == []


def test_a_close_name_is_found_among_thousands_without_comparing_all() -> None:
    """Names that share most of their letters are the dearest to compare; a caller who misspells must not stop the loop."""
    names = [f"{number:05d}/{'-instruct' * 20}" for number in range(1_500)]
    snapshot = Snapshot(revision="r", models={name: Model(name=AskedModel(name), targets=()) for name in (*names, "smart")})

    began = process_time()
    assert snapshot.suggest("smrat", ANYONE) == ["smart"]
    assert len(snapshot.suggest("x" + "-instrcut" * 20, ANYONE)) == 3
    assert process_time() - began < 1.0  # comparing all takes seconds


@pytest.mark.parametrize(
    ("allowed", "listed"),
    [
        (None, ["fast", "gpt-*", "openai/*"]),
        (("*",), ["fast", "gpt-*", "openai/*"]),
        (("fast", "openai/*"), ["fast", "openai/*"]),
        (("openai/gpt-*", "openai/gpt-4o"), ["openai/gpt-*", "openai/gpt-4o"]),
    ],
)
def test_refusals_name_patterns_as_they_are_written(allowed: tuple[str, ...] | None, listed: list[str]) -> None:
    """What a key may have of a pattern is named as the key says it."""
    snapshot = compiled('models: {fast: openai/gpt-4o, "openai/*": openai/*, "gpt-*": openai/gpt-*}\n').snapshot
    principal = ANYONE if allowed is None else Principal(id="p", models=allowed, allows_all=False)

    assert snapshot.names_for(principal) == listed


def test_a_pattern_is_no_model() -> None:
    snapshot = compiled(WILD).snapshot

    assert snapshot.find("openai/*") is None
    assert snapshot.find("openai/gpt-*") is None


LISTING = 'models: {fast: openai/gpt-4o, "openai/*": openai/*, "gpt-*": openai/gpt-*, "my-*": [openai/*, vllm/*], "one-*": openai/gpt-4o}\n'


@pytest.mark.parametrize(
    ("allowed", "some", "none"),
    [
        (("*",), {"fast", "gpt-4o", "openai/gpt-4o", "openai/o3", "my-o3", "openai/text-embedding-3-small"}, {"o3", "one-o3"}),
        (("fast", "openai/*"), {"fast", "openai/gpt-4o"}, {"gpt-4o"}),
        (("gpt-*", "gpt-of-ours", "openai/gpt-9"), {"gpt-4o", "gpt-of-ours", "openai/gpt-9"}, {"fast", "openai/gpt-4o"}),
        (("openai/ft:gpt-4o:us::1",), {"openai/ft:gpt-4o:us::1"}, {"openai/gpt-4o"}),
        (("nothing",), set[str](), {"nothing", "fast"}),
    ],
)
def test_a_list_of_models_has_real_names_and_no_patterns(allowed: tuple[str, ...], some: set[str], none: set[str]) -> None:
    """What a pattern answers for is listed as far as it is known; and all that is listed can be asked for."""
    snapshot = compiled("providers: {openai: , vllm: }\n" + LISTING).snapshot
    principal = Principal(id="p", models=allowed, allows_all=False)

    names = [model.name for model in snapshot.listed_for(principal)]

    assert names == sorted(set(names))
    assert some <= set(names)
    assert none.isdisjoint(names)
    for name in names:
        assert "*" not in name
        assert principal.may_use(name)
        assert (found := snapshot.find(name)) is not None
        assert name in allowed or found.targets[0].price is not None


@pytest.mark.parametrize(
    "providers",
    [
        "azure: {resource: ours, api_key: k}",
        "azure: {type: openai, base_url: 'http://proxy.test/v1', api_key: k}",
        "azure: {type: openai-compatible, base_url: 'http://proxy.test/v1', prices: openai}",
        "azure: {type: vllm}",
    ],
)
def test_nothing_is_listed_of_a_pattern_whose_models_nobody_knows(providers: str) -> None:
    """Azure's names are the operator's deployments; what answers at another address may have other models than the price list."""
    snapshot = compiled(f"providers: {{{providers}}}\nmodels: {{'azure/*': 'azure/*'}}\n").snapshot

    assert snapshot.listed_for(ANYONE) == []
    assert snapshot.find("azure/gpt-4o") is not None


@pytest.mark.parametrize("name", ["..", ".", "../gpt-4o", "a/../b", "a\\..\\b"])
def test_no_name_leads_a_pattern_to_another_path_of_its_provider(name: str) -> None:
    provider = "azure: {type: azure-classic, api_key: '${OPENAI_API_KEY}', resource: example}"
    snapshot = compiled(f"providers: {{{provider}}}\nmodels: {{'azure/*': 'azure/*'}}\nprices: {{'azure/*': free}}\n").snapshot

    assert snapshot.find(f"azure/{name}") is None
    assert snapshot.find("azure/gpt-4.1..mini") is not None


def test_of_two_patterns_the_one_that_would_answer_lists_a_model() -> None:
    text = "providers: {openai: , vllm: }\nmodels: {'*': {targets: ['openai/*'], owner: us}, 'gpt-*': 'vllm/*'}\n"
    listed = {model.name: model.owner for model in compiled(text).snapshot.listed_for(ANYONE)}

    assert listed[AskedModel("o3")] == "us"
    assert "gpt-4o" not in listed


def test_short_forms_mean_the_long_ones() -> None:
    text = (
        "providers: {openai: , vllm: }\n"
        "models:\n"
        "  one: openai/gpt-4o\n"
        "  list: [openai/gpt-4o, vllm/llama]\n"
        "  long: {targets: [{model: openai/gpt-4o, weight: 3}, vllm/llama], fallbacks: [one, list]}\n"
    )
    models = compiled(text).snapshot.models

    assert [(target.name, target.order, target.weight) for target in models["one"].targets] == [("openai/gpt-4o", 0, 1)]
    assert [(target.name, target.order) for target in models["list"].targets] == [("openai/gpt-4o", 0), ("vllm/llama", 1)]
    assert [(target.name, target.order, target.weight) for target in models["long"].targets] == [
        ("openai/gpt-4o", 0, 3),
        ("vllm/llama", 0, 1),
    ]
    assert models["long"].fallbacks == ("one", "list")


def test_a_provider_of_the_catalogue_needs_no_entry() -> None:
    target = compiled("models: {m: openai/gpt-4o}\n").snapshot.models["m"].targets[0]

    assert str(target.origin) == "https://api.openai.com:443"


def test_a_fallback_may_be_a_name_that_only_a_star_knows() -> None:
    compiled('models: {"openai/*": openai/*, m: {targets: [openai/gpt-4o], fallbacks: [openai/gpt-4.1]}}\n')
    compiled("models: {a: {targets: [openai/gpt-4o], fallbacks: [b]}, b: {targets: [openai/gpt-4.1], fallbacks: [a]}}\n")


MILLIONS = Usage(input=1_000_000, output=1_000_000)


def price(text: str, model: str = "m") -> str | None:
    """What a million tokens each way cost, and who says so."""
    found = compiled(text).snapshot.find(model)
    assert found is not None
    card = found.targets[0].price
    return None if card is None else f"{Money.of_exact(card.exact(MILLIONS)).nanos / 10**9:g} {card.source}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("models: {m: openai/gpt-4o}", "12.5 genai-prices 0.2.3"),
        ("models: {m: openai/gpt-4o}\nprices: {openai/gpt-4o: {input: 1, output: 2}}", "3 config"),
        ("models: {m: openai/gpt-4o}\nprices: {'openai/*': {input: 1}, 'openai/gpt-*': {input: 2}}", "2 config"),
        ("models: {m: openai/gpt-4o}\nprices: {openai/gpt-4o: free}", "0 free"),
        ("models: {m: {targets: [{model: openai/gpt-4o, price: {input: 7}}]}}\nprices: {openai/gpt-4o: free}", "7 config"),
        ("models: {m: {targets: [{model: openai/new, price: free}]}}", "0 free"),
        ("models: {m: openai/new}\nunpriced: free", "0 free"),
        ("models: {m: vllm/llama}", "0 self-hosted"),
        ("models: {m: vllm/llama}\nprices: {vllm/llama: {input: 0.25}}", "0.25 config"),
        (
            "providers: {vllm: {prices: together}}\nmodels: {m: vllm/meta-llama/Llama-3.3-70B-Instruct-Turbo}",
            "1.76 genai-prices 0.2.3",
        ),
        ("models: {m: openai/gpt-4o}\nprices: {openai/gpt-4o: {input: {base: 1, above: {1000: 5, 500: 3}}}}", "5 config"),
    ],
)
def test_who_says_what_a_model_costs(text: str, expected: str) -> None:
    assert price(text) == expected


def test_an_unpriced_model_behind_a_star_has_no_card() -> None:
    """It is refused when it is asked for: nobody can list what callers may invent."""
    assert price('models: {"openai/*": openai/*}', "openai/new") is None
    assert price('models: {"openai/*": openai/*}\nunpriced: free', "openai/new") == "0 free"


def test_prices_are_read_to_the_last_digit() -> None:
    """0.1 + 0.2 would not be."""
    text = "models: {m: openai/gpt-4o}\nprices: {openai/gpt-4o: {input: 0.1, output: 0.2, request: 0.000000001}}"
    card = compiled(text).snapshot.models["m"].targets[0].price

    assert card is not None
    assert card.exact(Usage(input=1, output=1)) == 100_000_000 + 200_000_000 + 1_000_000


def test_prices_may_go_by_what_a_request_says() -> None:
    text = """
models: {m: openai/dall-e-3}
prices:
  openai/dall-e-3:
    image: 0.04
    variants:
      - {when: {quality: hd, size: 1024x1792}, image: 0.12}
      - {when: {quality: hd}, image: 0.08}
"""
    card = compiled(text).snapshot.models["m"].targets[0].price

    assert card is not None
    asked = ({}, {"quality": "hd"}, {"quality": "hd", "size": "1024x1792"})
    assert [card.under(said).image for said in asked] == [40_000_000, 80_000_000, 120_000_000]


def test_a_price_table_of_ones_own_is_used() -> None:
    table = '{"version":"mine","providers":{"openai":{"fallback":[],"models":[{"id":"x","match":[["=x"]],"prices":[["",{"input_mtok":"4"}]]}]}}}'
    text = "price_table: mine.json\nmodels: {m: openai/x}\n"

    done = compiled(text, files={"/etc/hw/mine.json": table})

    card = done.snapshot.models["m"].targets[0].price
    assert card is not None
    assert (card.source, card.input.nanos_per_million) == ("mine", 4 * 10**9)
    assert done.files == ("/etc/hw/mine.json",)
    assert "is no price table" in report_of(text, files={"/etc/hw/mine.json": "[]"})


def test_the_retry_budget_is_the_gateways_and_not_a_models() -> None:
    snapshot = compiled("models: {m: openai/gpt-4o}\nretry_budget: {ratio: 0.5, floor: 3}\n").snapshot

    assert (snapshot.retry_budget.ratio, snapshot.retry_budget.floor) == (0.5, 3.0)
    assert "Unknown key 'budget_ratio'" in report_of("models: {m: openai/gpt-4o}\nretries: {budget_ratio: 0.5}\n")
