"""`headworks bounds`: what parties and keys may use, each on its own level."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headworks.cli.administering import ASKING, Asking, Names, administer
from headworks.cli.naming import holder_of
from headworks.cli.rules import given, named_values
from headworks.cli.telling import tell_whole, warn
from headworks.client import Client

_NARROWING = ("models", "endpoints", "features", "providers", "regions")


def show(owner: str, *, asking: Asking = ASKING) -> int:
    """Show what one level says, its limits and budgets included.

    Args:
        owner: The party or key: `team:NAME`, …, or its id.
    """

    def work(client: Client) -> None:
        holder, id_ = holder_of(client, owner)
        tell_whole(holder.bounds(id_), json=asking.json)

    return administer(asking.url, work)


def change(  # noqa: PLR0913 - one parameter a flag
    owner: str,
    *,
    models: Names = None,
    endpoints: Names = None,
    features: Names = None,
    providers: Names = None,
    regions: Names = None,
    policies: Names = None,
    guards: Names = None,
    tags: Names = None,
    widen: Names = None,
    asking: Asking = ASKING,
) -> int:
    """Change what one level says. What is left out stays; `--empty-models` and the like allow nothing.

    Args:
        owner: The party or key: `team:NAME`, …, or its id.
        models: Names or patterns that may be used.
        endpoints: Endpoints that may be asked.
        features: Features that may be used.
        providers: Providers that may serve.
        regions: Regions that may serve.
        policies: Names of policies that hold.
        guards: Names of guards that look.
        tags: Tags that are set: environment=production. Others stay; `environment=` takes one away, `--empty-tags` all.
        widen: What shall not be narrowed on this level any more: models, endpoints, features, providers, regions.
    """

    def work(client: Client) -> None:
        said = given(
            models=models,
            endpoints=endpoints,
            features=features,
            providers=providers,
            regions=regions,
            policies=policies,
            guards=guards,
        ) | dict.fromkeys(_widened(widen or ()))
        holder, id_ = holder_of(client, owner)
        found = holder.read(id_)
        if tags is not None:
            said["tags"] = _tagged(found.bounds.tags, tags)
        bounds = msgspec.structs.replace(found.bounds, **said)
        put = holder.put_bounds(id_, bounds, version=found.version)
        tell_whole(msgspec.structs.replace(put, warnings=()), json=asking.json)
        warn(put)

    return administer(asking.url, work)


def _tagged(before: Mapping[str, str], pairs: tuple[str, ...]) -> dict[str, str]:
    """The tags with others set, or taken away; no pair at all takes all away."""
    said = named_values(pairs, "--tags")
    return {name: value for name, value in {**before, **said}.items() if value} if said else {}


def _widened(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if name not in _NARROWING:
            raise ValueError(f"--widen {name}: write some of {', '.join(_NARROWING)}.")
    return names
