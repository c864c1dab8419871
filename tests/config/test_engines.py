"""The engine of a provider: what is written, what it is compiled to, and what is said of mistakes."""

from __future__ import annotations

import pytest

from headworks.domain.scrape import Scrape

from .compiling import compiled, report_of

REST = "models: {m: gpu/llama}\nprices: {'gpu/llama': free}\nopen_door: true\n"


def document(engine: str, where: str = "replicas: ['http://a:8000', 'http://b:8000/v1']") -> str:
    return f"providers:\n  gpu:\n    type: openai-compatible\n    api_key: sk-gpu\n    {where}\n    engine: {engine}\n{REST}"


def scrapes(text: str) -> list[Scrape | None]:
    return [target.scrape for target in compiled(text).snapshot.models["m"].targets]


def test_each_replica_is_asked_by_its_own_name_and_with_the_key() -> None:
    first, second = scrapes(document("vllm"))

    assert first is not None
    assert second is not None
    assert (first.engine, first.path, first.every, first.series) == ("vllm", "", 0.5, ())
    assert b"host: a:8000\r\n" in first.headers
    assert b"host: b:8000\r\n" in second.headers
    assert b"authorization: Bearer sk-gpu\r\n" in first.headers
    assert "sk-gpu" not in repr(first)


def test_the_long_form_says_where_how_often_and_by_which_names() -> None:
    written = (
        "{type: prometheus, metrics: /team/metrics, every: 1, series: {waiting: 'my_queue{kind=\"chat\"}', memory: my_share}}"
    )
    (scrape,) = scrapes(document(written, "base_url: 'http://a:8000'"))

    assert scrape is not None
    assert (scrape.engine, scrape.path, scrape.every) == ("prometheus", "/team/metrics", 1.0)
    assert scrape.series == (("waiting", 'my_queue{kind="chat"}'), ("memory", "my_share"))


def test_without_an_engine_nobody_is_asked() -> None:
    assert scrapes(document("")) == [None, None]


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ("vlm", "There is no engine 'vlm'. Did you mean 'vllm'?"),
        ("{type: sglan}", "There is no engine 'sglan'. Did you mean 'sglang'?"),
        ("{every: 1}", "The engine has no type."),
        ("{type: vllm, every: 10}", "What is older than 5 s says nothing. Write 0.1 to 2.5."),
        ("{type: vllm, metrics: metrics}", "This is no path. Write /metrics."),
        ("{type: vllm, metrics: '/my metrics'}", "No path holds a space. Write /metrics."),
        ('{type: vllm, metrics: "/a\\r\\nx: y"}', "This is no path. Write /metrics."),
        ("prometheus", "Nobody says what the series of 'prometheus' are called. Add series: {waiting: NAME}."),
        ("{type: vllm, series: {wating: a}}", "There is no signal 'wating'. Did you mean 'waiting'?"),
        ("{type: vllm, series: {waiting: 'a b'}}", "'a b' is no series: write name or name{label=\"value\"}."),
    ],
)
def test_mistakes_are_told_with_their_place(engine: str, said: str) -> None:
    report = report_of(document(engine))

    assert said in report
    assert report.startswith("headworks.yaml:6:")
