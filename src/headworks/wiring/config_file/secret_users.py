"""Which settings of a document refer to a secret."""

from __future__ import annotations

from headworks.wiring.config_file import read_config
from headworks.wiring.config_file.tree import dotted, scalars


def users_of(secret: str, document: str) -> list[str]:
    """As in `providers.openai.api_key`, sorted. Of a document that cannot be read, none."""
    root = read_config(document).source.root
    return sorted(
        dotted(path) for path, scalar in (scalars(root) if root is not None else ()) if scalar.text == f"secret:{secret}"
    )
