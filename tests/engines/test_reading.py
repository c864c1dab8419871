"""What engines say of themselves becomes their load; what they don't say stays unknown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headworks.balancing.engines.engine import Engine, EngineRow, shipped_engines
from headworks.balancing.engines.exposition import series_of
from headworks.balancing.engines.orca import load_in
from headworks.domain.engine_load import EngineLoad
from tests.engines import pages

ENGINES = shipped_engines()


def read(engine: str, page: str | bytes, source: str = "/metrics") -> EngineLoad:
    reader = Engine(ENGINES[engine])
    number = [each.path for each in reader.sources].index(source)
    return reader.read(number, page if isinstance(page, bytes) else page.encode(), 1.0)


def test_everything_that_vllm_tells_is_read() -> None:
    load = EngineLoad(
        at=1.0,
        waiting=5,
        running=7,
        memory=0.375,
        cache_tokens=32_000,
        asked_tokens=1_200_000,
        hit_tokens=900_000,
        adapters=frozenset({"sql", "legal"}),
        most_adapters=4,
    )
    assert read("vllm", pages.VLLM) == load
    assert read("vllm", pages.large_vllm()) == load


@pytest.mark.parametrize(
    ("engine", "page", "load"),
    [
        ("vllm", pages.OLD_VLLM, EngineLoad(at=1.0, waiting=2, running=1, memory=0.75)),
        (
            "sglang",
            pages.SGLANG,
            EngineLoad(
                at=1.0, waiting=7, running=12, memory=0.28, cache_tokens=400_000, asked_tokens=8_100_000, hit_tokens=4_000_000
            ),
        ),
        ("tgi", pages.TGI, EngineLoad(at=1.0, waiting=2, running=6)),
        ("llamacpp", pages.LLAMACPP, EngineLoad(at=1.0, waiting=3, running=1, memory=0.4)),
        ("triton", pages.TRITON, EngineLoad(at=1.0, waiting=1, running=2, memory=0.1, cache_tokens=6_400, most_running=512)),
        ("triton", pages.TENSORRT, EngineLoad(at=1.0, waiting=4, running=5, memory=0.6)),
    ],
)
def test_each_engine_is_read_by_its_own_names(engine: str, page: str, load: EngineLoad) -> None:
    assert read(engine, page) == load


@pytest.mark.parametrize(
    ("engine", "page"),
    [
        ("vllm", pages.SILENT_VLLM),
        ("vllm", ""),
        ("vllm", "<html>502</html>"),
        ("vllm", 'vllm:num_requests_waiting{model="m"} NaN\n'),
        ("sglang", pages.SGLANG.replace("400000.0", "0.0")),
    ],
)
def test_a_page_that_says_nothing_is_dark_and_not_idle(engine: str, page: str) -> None:
    assert read(engine, page).dark


def test_loads_of_all_ranks_are_added_up() -> None:
    rank = (
        '{"dp_rank":0,"num_running_reqs":2,"num_waiting_reqs":3,"num_waiting_uncached_tokens":4000,'
        '"max_total_num_tokens":1000,"max_running_requests":64,"token_usage":0.5}'
    )
    load = read("sglang", f'{{"version":"1","loads":[{rank},{rank}]}}', "/v1/loads")
    assert load == EngineLoad(
        at=1.0, waiting=6, running=4, queued_tokens=8_000, memory=0.5, cache_tokens=2_000, most_running=128
    )


@pytest.mark.parametrize("body", ["", "[]", '{"loads":[]}', '{"loads":[{"num_waiting_reqs":1,"max_total_num_tokens":0}]}'])
def test_a_server_that_is_not_ready_yet_is_dark(body: str) -> None:
    assert read("sglang", body, "/v1/loads").dark


def test_series_of_an_operators_own_are_read() -> None:
    engine = Engine(ENGINES["prometheus"], {"waiting": 'queue_depth{pool="a b"}', "memory": "used"})
    page = b'queue_depth{pool="a b"} 4 1700000000\nqueue_depth{pool="other"} 9\nused 0.5'
    assert engine.read(0, page, 1.0) == EngineLoad(at=1.0, waiting=4, memory=0.5)


@pytest.mark.parametrize("written", ["", "two words", "name{label}", "9lives"])
def test_what_is_no_series_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"series|labels"):
        series_of(written)


@given(st.binary(max_size=300))
def test_no_page_makes_the_reader_stumble(page: bytes) -> None:
    for name, row in ENGINES.items():
        engine = Engine(row, {"waiting": "x"} if name == "prometheus" else {})
        for source in range(len(row.sources)):
            assert engine.read(source, page, 2.0).at == 2.0


@given(st.lists(st.tuples(st.integers(0, 10**6), st.text('ab\\"\n,}{ =', max_size=6)), min_size=1, max_size=5))
def test_samples_of_one_series_are_added_up_whatever_their_labels(samples: list[tuple[int, str]]) -> None:
    def escaped(text: str) -> str:
        return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    page = "".join(f'x{{a="{escaped(label)}"}} {value}\n' for value, label in samples)
    engine = Engine(EngineRow("an engine", ENGINES["tgi"].sources, {"waiting": ("x",)}))
    assert engine.read(0, page.encode(), 0.0).waiting == sum(value for value, _ in samples)


def test_the_header_of_an_answer_tells_the_load() -> None:
    said = b'JSON {"named_metrics":{"kv_cache_usage_perc":0.4,"num_requests_waiting":2.0}}'
    assert load_in([(b"endpoint-load-metrics", said)], 3.0) == EngineLoad(at=3.0, waiting=2, memory=0.4)


@pytest.mark.parametrize("said", [b"", b"JSON {", b'{"named_metrics":{}}', b'{"named_metrics":{"num_requests_waiting":"x"}}'])
def test_a_header_that_says_nothing_is_no_load(said: bytes) -> None:
    assert load_in([(b"endpoint-load-metrics", said)], 3.0) is None
    assert load_in([], 3.0) is None
