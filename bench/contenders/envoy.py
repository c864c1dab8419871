"""Envoy as a plain reverse proxy: one worker, no access log."""

from __future__ import annotations

from typing import Any

import yaml

from bench import peers
from bench.contenders.contender import Running, answers
from bench.process import Failed, Program, free_port
from bench.site import Site

_ROUTER = {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"}
_MANAGER = "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_MANY = 100_000


def plain(site: Site) -> Running:
    """No TLS anywhere."""
    binary = peers.program("envoy", "envoy")
    if binary is None:
        raise Failed("not installed: python -m bench peers")
    port = free_port()
    config = site.folder / f"envoy-{port}.yaml"
    config.write_text(yaml.safe_dump(_document(port, site)))
    command = [str(binary), "-c", str(config), "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "warning"]
    program = Program(command, site.folder / f"envoy-{port}.log")
    netloc = f"127.0.0.1:{port}"
    ready = program.wait_until(lambda: answers(netloc, "/livez"), 20)
    return Running(netloc=netloc, program=program, ready_after=ready)


def _document(port: int, site: Site) -> dict[str, Any]:
    routes = [
        {"match": {"path": "/livez"}, "direct_response": {"status": 200}},
        {"match": {"prefix": "/"}, "route": {"cluster": "providers", "timeout": "600s"}},
    ]
    manager = {
        "@type": _MANAGER,
        "stat_prefix": "bench",
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": _ROUTER}],
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
    }
    endpoints = [{"endpoint": {"address": _address(*place.split(":"))}} for place in site.plain]
    cluster = {
        "name": "providers",
        "type": "STATIC",
        "circuit_breakers": {"thresholds": [{"max_connections": _MANY, "max_pending_requests": _MANY, "max_requests": _MANY}]},
        "load_assignment": {"cluster_name": "providers", "endpoints": [{"lb_endpoints": endpoints}]},
    }
    chains = [{"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}]
    listener = {"address": _address("127.0.0.1", str(port)), "filter_chains": chains}
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _address(host: str, port: str) -> dict[str, Any]:
    return {"socket_address": {"address": host, "port_value": int(port)}}
