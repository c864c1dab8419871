"""Portkey's gateway (Node): it is told provider and place by headers."""

from __future__ import annotations

import shutil

from bench import peers
from bench.contenders.contender import Running, answers
from bench.process import Failed, Program, free_port
from bench.site import Site


def plain(site: Site) -> Running:
    """No TLS anywhere."""
    server, node = peers.portkey(), shutil.which("node")
    if server is None or node is None:
        raise Failed("not installed: python -m bench peers")
    port = free_port()
    env = {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost", "NODE_ENV": "production"}
    program = Program([node, str(server), f"--port={port}", "--headless"], site.folder / f"portkey-{port}.log", env=env)
    netloc = f"127.0.0.1:{port}"
    ready = program.wait_until(lambda: answers(netloc, "/"), 30)
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://{site.plain[0]}/v1"}
    return Running(netloc=netloc, program=program, headers=headers, ready_after=ready)
