"""Fields of a request that choose a model, a price, a feature or storage: nobody uses them unless allowed.

A field is listed by dialect with the feature that permits it. Values that change nothing (`false`, `null`, the default tier) pass.
A principal's `features` name what it may use beyond the plain request.
"""

from __future__ import annotations

from headworks.domain.call import Ask
from headworks.domain.errors import Fault
from headworks.domain.principal import Principal

GOVERNED: dict[str, dict[str, str]] = {
    "openai_chat": {
        "models": "models",
        "route": "models",
        "fallbacks": "models",
        "provider": "provider",
        "plugins": "plugins",
        "web_search_options": "web_search",
        "service_tier": "service_tier",
        "store": "store",
    },
    "anthropic": {
        "service_tier": "service_tier",
        "container": "container",
        "mcp_servers": "mcp",
        "speed": "speed",
        "inference_geo": "inference_geo",
    },
}

HARMLESS = frozenset(
    (b"null", b"false", b"[]", b"{}", b'""', b'"auto"', b'"default"', b'"standard"', b'"standard_only"', b'"global"')
)
"""Values that ask for nothing."""


def refuse_governed(front: str, ask: Ask, principal: Principal) -> None:
    """Raise `feature_not_allowed` for the first governed field that this caller may not use."""
    governed = GOVERNED.get(front)
    if governed is None or governed.keys().isdisjoint(ask.fields):
        return
    for field, feature in governed.items():
        if field in ask.fields and feature not in principal.features and bytes(ask.fields[field]) not in HARMLESS:
            raise Fault(
                "feature_not_allowed",
                f"The field '{field}' is governed: this key lacks the feature '{feature}'. "
                f"Leave the field out, or ask an administrator to add '{feature}' to the key's features.",
                param=field,
            )
