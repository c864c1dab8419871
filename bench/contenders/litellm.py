"""LiteLLM's proxy (Python): one worker, one model over the same providers, no database."""

from __future__ import annotations

import yaml

from bench import peers
from bench.contenders.contender import Running, answers
from bench.process import Failed, Program, free_port
from bench.site import Site


def plain(site: Site) -> Running:
    """No TLS anywhere."""
    binary = peers.program("litellm", "litellm")
    if binary is None:
        raise Failed("not installed: python -m bench peers")
    port = free_port()
    folder = site.folder / f"litellm-{port}"
    folder.mkdir()
    models = [
        {
            "model_name": "gpt-4o",
            "litellm_params": {"model": "openai/gpt-4o", "api_base": f"http://{place}/v1", "api_key": "sk-upstream"},
        }
        for place in site.plain
    ]
    (folder / "config.yaml").write_text(yaml.safe_dump({"model_list": models, "general_settings": {"master_key": "sk-bench"}}))
    program = Program(
        [
            str(binary),
            "--config",
            str(folder / "config.yaml"),
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--num_workers",
            "1",
        ],
        folder / "log",
        env={"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR"},
        cwd=folder,
    )
    netloc = f"127.0.0.1:{port}"
    ready = program.wait_until(lambda: answers(netloc, "/health/liveliness"), 120)
    return Running(netloc=netloc, program=program, keys=["sk-bench"], ready_after=ready)
