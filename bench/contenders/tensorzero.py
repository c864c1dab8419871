"""TensorZero's gateway (Rust), as it comes inside its Python package: one model over the same providers, no observability."""

from __future__ import annotations

from urllib.parse import urlsplit

from bench import peers
from bench.contenders.contender import Running
from bench.process import Failed, Program, free_port
from bench.site import Site

_PROGRAM = """
import sys, threading
from tensorzero import tensorzero
gateway = tensorzero._start_http_gateway(
    config_file=sys.argv[1], clickhouse_url=None, postgres_url=None, valkey_url=None, async_setup=False)
print("READY", gateway.base_url, flush=True)
threading.Event().wait()
"""


def plain(site: Site) -> Running:
    """No TLS anywhere."""
    python = peers.program("tensorzero", "python")
    if python is None:
        raise Failed("not installed: python -m bench peers")
    folder = site.folder / f"tensorzero-{free_port()}"
    folder.mkdir()
    names = [f"p{number}" for number in range(len(site.plain))]
    lines = ["[gateway]", "observability.enabled = false", "[models.bench]", f"routing = {names!r}".replace("'", '"')]
    for name, place in zip(names, site.plain, strict=True):
        lines += [
            f"[models.bench.providers.{name}]",
            'type = "openai"',
            'model_name = "gpt-4o"',
            f'api_base = "http://{place}/v1/"',
            'api_key_location = "none"',
        ]
    (folder / "tensorzero.toml").write_text("\n".join(lines))
    program = Program([str(python), "-c", _PROGRAM, str(folder / "tensorzero.toml")], folder / "log", cwd=folder)
    ready = program.wait_until(lambda: "READY" in program.tail(), 60)
    url = urlsplit(program.tail().rpartition("READY ")[2].split()[0])
    return Running(
        netloc=url.netloc,
        path=f"{url.path.rstrip('/')}/chat/completions",
        program=program,
        models=["tensorzero::model_name::bench"],
        ready_after=ready,
    )
