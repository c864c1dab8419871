"""The scene of the demo: three simulated providers, and the configuration that a gateway in front of them has."""

from __future__ import annotations

from collections.abc import Mapping

from headworks.testing.emulator import Pace, Personality, Settings, Wire

KEY = "hw-demo"
"""The key that the demo prints. It opens a door on loopback, to models that do not exist."""
TRAFFIC_KEY = "hw-demo-traffic"
"""The key of the simulated clients. It has no budget: they ask for hours, and must not spend what the printed key may."""

_CONFIG = """\
# Written by headworks demo. The three providers are simulated; all else is what a real configuration looks like.
providers:
  alder: {type: openai-compatible, base_url: "%(alder)s", api_key: "${DEMO_PROVIDER_KEY:-simulated}"}
  birch: {type: anthropic-compatible, base_url: "%(birch)s", api_key: "${DEMO_PROVIDER_KEY:-simulated}"}
  cedar: {type: openai-compatible, base_url: "%(cedar)s", api_key: "${DEMO_PROVIDER_KEY:-simulated}"}

models:
  demo-chat:                       # two providers share the load; a third, of another dialect, stands by
    targets:
      - {model: alder/alder-large, weight: 3, price: {input: 2.50, cache_read: 1.25, output: 10}}
      - {model: cedar/cedar-large, weight: 1, price: {input: 1.10, output: 4.40}}
      - {model: birch/birch-large, order: 1, price: {input: 3, cache_read: 0.30, cache_write: 3.75, output: 15}}
  demo-claude:
    targets:
      - {model: birch/birch-large, price: {input: 3, cache_read: 0.30, cache_write: 3.75, output: 15}}
    fallbacks: [demo-chat]
  demo-small:
    targets:
      - {model: cedar/cedar-small, price: {input: 0.10, output: 0.40}}
  demo-embedding:
    targets:
      - {model: alder/alder-embedding, price: {input: 0.02}}

keys:
  demo:
    key: "${DEMO_KEY:-hw-demo}"     # a real one stands in the environment, a file, or here as its sha256
    team: visitors
    limits: {requests_per_minute: 600, tokens_per_minute: 1000000, concurrent: 50, budget: 10 USD}
  traffic:                         # the simulated clients': without a budget, for they never stop
    key: "${DEMO_TRAFFIC_KEY:-hw-demo-traffic}"
    team: simulated

retries: {attempts: 3}
logs: {detail: "off"}
journal: {directory: journal}
"""


def emulated() -> Settings:
    """Three houses: a large one, one that speaks Anthropic's wire, and a cheap one that fails now and then."""
    key = ("simulated",)
    return Settings(
        providers=(
            Personality(
                name="alder",
                port=0,
                speak=(Wire.OPENAI,),
                models=("alder-large", "alder-embedding"),
                keys=key,
                seed=1,
                pace=Pace(first_token=0.35, tokens_per_second=90.0),
            ),
            Personality(
                name="birch",
                port=0,
                speak=(Wire.ANTHROPIC,),
                models=("birch-large",),
                keys=key,
                seed=2,
                pace=Pace(first_token=0.5, tokens_per_second=60.0),
            ),
            Personality(
                name="cedar",
                port=0,
                speak=(Wire.OPENAI,),
                models=("cedar-large", "cedar-small"),
                keys=key,
                seed=3,
                pace=Pace(first_token=0.2, tokens_per_second=120.0),
                troubles=("error status=503 share=0.05", "error status=429 retry_after=1 share=0.03"),
            ),
        ),
        remember=1_000,
    )


def config_text(urls: Mapping[str, str]) -> str:
    """`headworks.yaml` for providers at those addresses."""
    return _CONFIG % urls
