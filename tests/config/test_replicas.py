"""Providers that are several machines: what is written, what it is compiled to, and who is looked up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from headworks.domain.config import KubernetesRule, ReplicasRule
from headworks.domain.snapshot import Model
from headworks.testing.clock import FrozenClock
from headworks.wiring.compile import Compiled, compile_reading
from headworks.wiring.config_file import read_config
from headworks.wiring.load import ConfigFile
from headworks.wiring.reload import Reloader
from headworks.wiring.replicas import ReplicaBook, look_up
from headworks.wiring.replicas.kubernetes import ask_cluster

from .compiling import compiled, given, refusal
from .test_reload import Ear, at_once

TWO = "providers: {gpu: {type: openai-compatible, api_key: k, replicas: ['http://a:8000', 'http://b:8000/v1']}, openai: }\n"
NAMED = "providers: {gpu: {type: openai-compatible, api_key: k, replicas: {dns: 'http://pool:8000'}}}\n"
FREE = "prices: {'gpu/llama': free}\nopen_door: true\n"
CHAT = "models: {m: gpu/llama}\n"


def model(text: str, name: str = "m") -> Model:
    found = compiled(text).snapshot.find(name)
    assert found is not None
    return found


def found_at(text: str, urls: Sequence[str]) -> Compiled:
    """Compiled where these are known."""

    def known(_provider: str, _rule: ReplicasRule) -> tuple[str, ...]:
        return tuple(urls)

    return compile_reading(read_config(text), msgspec.structs.replace(given(), replicas=known))


def test_each_replica_is_a_target_of_its_own() -> None:
    targets = model(TWO + CHAT + FREE).targets

    assert [target.name for target in targets] == ["gpu/llama@a:8000", "gpu/llama@b:8000"]
    assert [str(target.origin) for target in targets] == ["http://a:8000", "http://b:8000"]
    assert {target.written for target in targets} == {"gpu/llama"}
    assert len({target.credential for target in targets}) == 1
    assert all(b"POST /v1/chat/completions" in target.heads["chat"] for target in targets)


def test_replicas_are_chosen_by_seconds_unless_somebody_says_otherwise() -> None:
    assert model(TWO + CHAT + FREE).strategy == "balanced"
    assert model(TWO + "models: {m: {targets: [gpu/llama], strategy: sticky}}\n" + FREE).strategy == "sticky"


def test_the_weight_of_a_pool_is_that_of_its_replicas_together() -> None:
    targets = model(TWO + "models: {m: {targets: [{model: gpu/llama, weight: 3}, {model: openai/gpt-4o, weight: 1}]}}\n" + FREE)
    by_pool = {target.name: target.weight for target in targets.targets}

    assert by_pool == {"gpu/llama@a:8000": 3, "gpu/llama@b:8000": 3, "openai/gpt-4o": 2}
    assert targets.strategy == "weighted"


def test_names_with_a_star_have_a_target_for_each_replica() -> None:
    prices = "prices: {'gpu/*': free}\nopen_door: true\n"
    targets = model(TWO + "models: {'own/*': {targets: ['gpu/*']}}\n" + prices, "own/llama").targets

    assert [target.name for target in targets] == ["gpu/llama@a:8000", "gpu/llama@b:8000"]


def test_while_nobody_knows_the_replicas_the_pool_s_own_address_is_asked() -> None:
    (target,) = model(NAMED + CHAT + FREE).targets

    assert (target.name, str(target.origin)) == ("gpu/llama", "http://pool:8000")


def test_a_service_of_a_cluster_is_asked_by_its_name_while_nobody_knows_its_pods() -> None:
    rule = "{kubernetes: {service: llama, namespace: ml, port: 8000}}"
    text = f"providers: {{gpu: {{type: openai-compatible, api_key: k, replicas: {rule}}}}}\n"
    (target,) = model(text + CHAT + FREE).targets

    assert str(target.origin) == "http://llama.ml.svc:8000"


@pytest.mark.parametrize(
    ("replicas", "said"),
    [
        ("{}", "Nobody says where the replicas are."),
        ("[]", "Nobody says where the replicas are."),
        ("{urls: ['http://a:1'], dns: 'http://b:2'}", "two places"),
        ("['http://a:1', 'http://a:1']", "listed twice"),
        ("['http://a:1', 'http://a:1/other']", "two replicas at a:1"),
        ("['nonsense']", "begins with http://"),
        ("{kubernetes: {service: llama}}", "The service and the port"),
        ("{dns: 'http://a:1', every: 0}", "all the time"),
    ],
)
def test_what_cannot_be_meant_is_refused(replicas: str, said: str) -> None:
    text = f"providers: {{gpu: {{type: openai-compatible, api_key: k, replicas: {replicas}}}}}\n"
    refused = refusal(text + CHAT + FREE)

    assert refused is not None
    assert said in str(refused)


def test_an_address_beside_the_replicas_is_refused() -> None:
    text = TWO.replace("replicas:", "base_url: 'http://c:1', replicas:")
    assert "Leave base_url out" in str(refusal(text + CHAT + FREE))


def test_a_name_stands_for_all_of_its_addresses() -> None:
    found = look_up(
        ReplicasRule(dns="http://pool:8000/v1"), lambda host, port: {("pool", 8000): ["10.0.0.1", "fd00::2"]}[host, port]
    )

    assert found == ["http://10.0.0.1:8000/v1", "http://[fd00::2]:8000/v1"]


class World:
    """Where replicas are looked for: as the test says."""

    def __init__(self) -> None:
        self.there: Sequence[str] | OSError = ["http://a:1", "http://b:1"]
        self.clock = FrozenClock()
        self.said: list[str] = []
        self.book = ReplicaBook(self._look, self.clock, self.said.append)

    def _look(self, rule: ReplicasRule) -> Sequence[str]:
        del rule
        if isinstance(self.there, OSError):
            raise self.there
        return self.there

    def look_again(self) -> bool:
        self.clock.advance(RULE.every)
        return self.book.look_again()


RULE = ReplicasRule(dns="http://pool:1")


def test_who_joins_and_who_leaves_is_told() -> None:
    world = World()
    assert world.book.of("gpu", RULE) == ("http://a:1", "http://b:1")
    world.there = ["http://c:1", "http://b:1"]

    assert world.look_again()
    assert world.book.of("gpu", RULE) == ("http://b:1", "http://c:1")
    assert "http://c:1 joined; http://a:1 left" in world.said[-1]
    assert not world.look_again()


@pytest.mark.parametrize("trouble", [OSError("no route"), []])
def test_who_was_known_stays_while_nobody_can_be_looked_up(trouble: Sequence[str] | OSError) -> None:
    world = World()
    world.book.of("gpu", RULE)
    world.there = trouble

    assert not world.look_again()
    assert not world.look_again()
    assert world.book.of("gpu", RULE) == ("http://a:1", "http://b:1")
    assert set(world.book.troubles()) == {"gpu"}
    assert len([words for words in world.said if "not found" in words]) == 1

    world.there = ["http://a:1", "http://b:1"]
    world.look_again()
    assert not world.book.troubles()
    assert "found again" in world.said[-1]


def test_nobody_is_looked_for_before_it_is_time() -> None:
    world = World()
    world.book.of("gpu", RULE)
    world.there = []

    assert not world.book.look_again()
    assert not world.book.troubles()


def test_another_rule_is_looked_up_at_once() -> None:
    world = World()
    world.book.of("gpu", RULE)
    world.there = ["http://z:1"]

    assert world.book.of("gpu", ReplicasRule(dns="http://elsewhere:1")) == ("http://z:1",)


def test_a_running_gateway_takes_other_replicas_without_another_document(tmp_path: Path) -> None:
    world, ear = World(), Ear()
    path = tmp_path / "headworks.yaml"
    path.write_text(NAMED + CHAT + FREE)
    file = ConfigFile(path, {}, world.clock, replicas=world.book.of)
    reloader = Reloader(file, ear, world.clock, at_once)

    async def scene() -> None:
        watching = asyncio.create_task(reloader.watch(file.load()))
        await asyncio.sleep(0)
        world.there = ["http://c:1"]
        assert world.look_again()
        reloader.renew()
        for _ in range(20):
            world.clock.advance(1.0)
            await asyncio.sleep(0)
        watching.cancel()

    asyncio.run(scene())
    (taken,) = ear.compiled
    assert [target.name for target in taken.snapshot.models["m"].targets] == ["gpu/llama@c:1"]


class Cluster(BaseHTTPRequestHandler):
    """The API of a cluster, with one service."""

    endpoints = (
        {"addresses": ["10.0.0.1"], "conditions": {"ready": True}},
        {"addresses": ["10.0.0.2"], "conditions": {"ready": False}},
        {"addresses": ["10.0.0.3"]},
    )

    def do_GET(self) -> None:
        expected = "/apis/discovery.k8s.io/v1/namespaces/ml/endpointslices?labelSelector=kubernetes.io%2Fservice-name%3Dllama"
        allowed = self.headers["authorization"] == "Bearer t0ken"
        slices = {
            "items": [{"addressType": "IPv4", "endpoints": list(self.endpoints)}, {"addressType": "IPv6", "endpoints": None}]
        }
        odd = "/odd/" in self.path
        self.send_response(200 if odd or (allowed and self.path == expected) else 403)
        self.end_headers()
        self.wfile.write(b'{"items": [{"addressType": "\xff"}]}' if odd else msgspec.json.encode(slices))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def account(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("t0ken\n")
    (tmp_path / "namespace").write_text("ml")
    return tmp_path


def test_a_cluster_names_the_ready_pods_of_a_service(api: str, account: Path) -> None:
    rule = KubernetesRule(service="llama", port=8000, api=api)

    assert ask_cluster(rule, account) == ["http://10.0.0.1:8000", "http://10.0.0.3:8000"]


def test_a_cluster_that_refuses_says_what_is_lacking(api: str, tmp_path: Path) -> None:
    rule = KubernetesRule(service="llama", port=8000, api=api, namespace="ml")

    with pytest.raises(LookupError, match=r"403.*may this account read them"):
        ask_cluster(rule, tmp_path)


def test_a_cluster_that_answers_something_else_is_trouble_and_not_an_end(api: str, account: Path) -> None:
    with pytest.raises(LookupError, match="no list of endpointslices"):
        ask_cluster(KubernetesRule(service="llama", port=8000, api=api, namespace="odd"), account)


def test_a_cluster_that_is_not_there_is_trouble_and_not_an_end(account: Path) -> None:
    with pytest.raises(OSError, match="refused"):
        ask_cluster(KubernetesRule(service="llama", port=8000, api="http://127.0.0.1:9"), account)


def test_outside_a_cluster_its_api_must_be_named(account: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(LookupError, match="name its API server"):
        ask_cluster(KubernetesRule(service="llama", port=8000), account)


def test_found_replicas_are_what_the_snapshot_was_compiled_with() -> None:
    made = found_at(NAMED + CHAT + FREE, ["http://10.0.0.1:8000", "http://[fd00::2]:8000"])

    assert made.members == {"gpu": ("http://10.0.0.1:8000", "http://[fd00::2]:8000")}
    assert [target.name for target in made.snapshot.models["m"].targets] == [
        "gpu/llama@10.0.0.1:8000",
        "gpu/llama@[fd00::2]:8000",
    ]
