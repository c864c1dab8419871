"""Starting without a configuration: provider keys in the environment and model servers on this machine make one."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import urlsplit

import msgspec

from headworks.domain.config import Config, KeyRule, ProviderRule, WrittenModel
from headworks.providers.catalog import Catalog, ProviderRow
from headworks.wiring.config_file import ConfigRefused, Problem

_PATIENCE = 0.5
_LARGEST_ANSWER = 1_048_576
_OTHER_TYPE = "openai-compatible"

ListModels = Callable[[str, int], Awaitable[bytes]]
"""Host, port → what a model server there answers to `GET /v1/models`. Raises `OSError` or `TimeoutError` where there is none."""


class Finding(msgspec.Struct, frozen=True):
    """One provider found, and by what. `models` are those that it listed itself."""

    provider: str
    title: str
    by: str
    models: tuple[str, ...] = ()


class Discovery(msgspec.Struct, frozen=True):
    """A configuration made of findings, and the key that its one caller uses."""

    config: Config
    findings: tuple[Finding, ...]
    client_key: str

    def __repr__(self) -> str:
        return f"<Discovery of {len(self.findings)} providers>"


class _Listed(msgspec.Struct):
    id: str
    owned_by: str = ""


class _List(msgspec.Struct):
    data: list[_Listed]


async def discover(env: Mapping[str, str], catalog: Catalog, client_key: str, ask: ListModels | None = None) -> Discovery:
    """Look around. Takes half a second at most."""
    keyed = [found for name, row in catalog.providers.items() if (found := _keyed(name, row, env)) is not None]
    local = await _local(env, catalog, ask or list_models)
    providers: dict[str, ProviderRule | None] = dict(rule for _, rule in (*keyed, *local))
    findings = tuple(finding for finding, _ in (*keyed, *local))
    config = Config(
        providers=providers,
        models=_models(findings, catalog),
        prices={f"{name}/*": "free" for name, rule in providers.items() if rule is not None and rule.type == _OTHER_TYPE},
        keys={"you": KeyRule(sha256=hashlib.sha256(client_key.encode()).hexdigest())},
    )
    return Discovery(config, findings, client_key)


async def discover_some(env: Mapping[str, str], catalog: Catalog, client_key: str, ask: ListModels | None = None) -> Discovery:
    """`discover`, for a gateway that has nothing else to serve by. Raises `ConfigRefused` where nothing is found: such a gateway would be
    ready, and refuse every request.
    """
    discovery = await discover(env, catalog, client_key, ask)
    if discovery.findings:
        return discovery
    told = _what_would_be_found(catalog)
    raise ConfigRefused([Problem(path=(), message=told)], told)


def _what_would_be_found(catalog: Catalog) -> str:
    hosted = [
        " and ".join((*row.key_env[:1], *([row.url_env] * bool(row.url_env))))
        for row in catalog.providers.values()
        if row.key_env
    ]
    local = [
        f"{row.title} ({row.port}{f', or {row.url_env}' * bool(row.url_env)})" for row in catalog.providers.values() if row.port
    ]
    return (
        "There is nothing to serve: no configuration file, no provider's key in the environment, no model server on this machine.\n"
        "Do one of these:\n"
        "  write a configuration    headworks init makes ./headworks.yaml; another file is named by --config FILE\n"
        f"  set a provider's key     {', '.join(hosted)}\n"
        f"  start a model server     {', '.join(local)}\n"
        "headworks demo needs none of them."
    )


async def list_models(host: str, port: int) -> bytes:
    """Ask a server, in HTTP/1.0 so that the answer ends with the connection."""
    async with asyncio.timeout(_PATIENCE):
        reader, writer = await asyncio.open_connection(host, port, limit=_LARGEST_ANSWER)
        try:
            writer.write(f"GET /v1/models HTTP/1.0\r\nhost: {host}:{port}\r\naccept: application/json\r\n\r\n".encode())
            answer = bytearray()
            while len(answer) < _LARGEST_ANSWER and (piece := await reader.read(65_536)):
                answer += piece
        finally:
            writer.close()
    head, _, body = bytes(answer).partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1:2] != [b"200"]:
        raise ConnectionError(f"{host}:{port} is no model server")
    return body


_Found = tuple[Finding, tuple[str, ProviderRule]]


def _keyed(name: str, row: ProviderRow, env: Mapping[str, str]) -> _Found | None:
    """A hosted provider whose key is in the environment (and its address, where the catalogue cannot know it)."""
    variable = next((variable for variable in row.key_env if env.get(variable, "").strip()), None)
    url = env.get(row.url_env, "").rstrip("/")
    if variable is None or not (url or _is_filled(row, env)):
        return None
    path = next(iter(row.speaks.values()))
    base_url = "" if not url else url if url.endswith(path) else url + path
    return Finding(name, row.title, variable), (name, ProviderRule(type=name, base_url=base_url))


def _is_filled(row: ProviderRow, env: Mapping[str, str]) -> bool:
    """Whether the environment says all that the row's address leaves open."""
    known = {name for name, variables in row.settings_env.items() if any(env.get(variable) for variable in variables)}
    address = "".join((row.root, *row.speaks.values()))
    return all(name in known or f"{{{name}}}" not in address for name in ("resource", "location", "project"))


async def _local(env: Mapping[str, str], catalog: Catalog, ask: ListModels) -> list[_Found]:
    places: dict[tuple[str, int], str] = {}
    for name, row in catalog.providers.items():
        if row.port:
            places.setdefault(_where(row, env), name)  # some listen on one port: what its server calls itself tells them apart
    found = await asyncio.gather(*(_server(name, *place, catalog, ask) for place, name in places.items()))
    return [each for each in found if each is not None]


async def _server(name: str, host: str, port: int, catalog: Catalog, ask: ListModels) -> _Found | None:
    row = catalog.providers[name]
    try:
        listed = msgspec.json.decode(await ask(host, port), type=_List).data
    except (OSError, TimeoutError, msgspec.DecodeError, UnicodeDecodeError):
        return None
    owners = {model.owned_by for model in listed}
    kind = next((other for other, known in catalog.providers.items() if known.owned_by and known.owned_by in owners), None)
    kind = kind or (_OTHER_TYPE if owners and row.owned_by not in owners else name)
    called = kind if kind != _OTHER_TYPE else f"local-{port}"
    url = f"http://{host}:{port}"
    title = catalog.providers[kind].title if kind != _OTHER_TYPE else "a model server"
    return Finding(called, title, url, tuple(model.id for model in listed)), (called, ProviderRule(type=kind, base_url=url))


def _where(row: ProviderRow, env: Mapping[str, str]) -> tuple[str, int]:
    written = env.get(row.url_env, "")
    parts = urlsplit(written if "//" in written else f"//{written}")
    try:
        host, port = parts.hostname or "127.0.0.1", parts.port or row.port
    except ValueError:
        return "127.0.0.1", row.port
    return ("127.0.0.1" if host in ("0.0.0.0", "::") else host), port  # noqa: S104 - what a server listens on is not where to call it


def _models(findings: tuple[Finding, ...], catalog: Catalog) -> dict[str, WrittenModel]:
    """`provider/*` for all, the names that plainly mean a provider, and the models that a local server listed."""
    models: dict[str, WrittenModel] = {f"{finding.provider}/*": f"{finding.provider}/*" for finding in findings}
    for finding in findings:
        row = catalog.providers.get(finding.provider)
        for name in (*(row.families if row is not None else ()), *finding.models):
            if "*" in name or finding.models:
                models.setdefault(name, f"{finding.provider}/{name}")
    return models
