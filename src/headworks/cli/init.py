"""`headworks init`: a first configuration, short enough to be read."""

from __future__ import annotations

import sys
from pathlib import Path

from headworks.identity.keys import make_key
from headworks.wiring.process_exits import Exit
from headworks.wiring.process_places import CONFIG_NAME

_OURS_ALONE = 0o600
"""There is a key in it."""
TEMPLATE = """\
# Check it with `headworks check`; a running gateway takes a changed file by itself. All settings: docs/configuration.md
providers:
  openai:                         # its key comes from OPENAI_API_KEY, its address from the catalogue
  # gpu: {type: vllm, base_url: "http://gpu1:8000"}
models:
  "openai/*": openai/*            # callers ask for openai/gpt-…; the model's price is known from the catalogue
  # smart: [openai/gpt-5, gpu/qwen3]    # tried in this order
keys:
  me:
    key: ${HEADWORKS_KEY:-KEY_MADE_HERE}
    limits: {requests_per_minute: 600, budget: 10 USD}
"""


def init(file: Path = Path(CONFIG_NAME), *, force: bool = False) -> int:
    """Write a short configuration to start from.

    Args:
        file: Where to.
        force: Replace a file that is there.
    """
    key = make_key()
    try:
        with file.open("w" if force else "x", encoding="utf-8") as out:
            file.chmod(_OURS_ALONE)
            out.write(TEMPLATE.replace("KEY_MADE_HERE", key))
    except FileExistsError:
        print(f"headworks: {file} is there already. Choose another name, or say --force to replace it.", file=sys.stderr)
        return Exit.FAILED
    except OSError as trouble:
        print(f"headworks: {file} cannot be written: {trouble.strerror}.", file=sys.stderr)
        return Exit.FAILED
    print(f"Your key, which counts as long as HEADWORKS_KEY says no other: {key}")
    print(f"Wrote {file}. Next: set OPENAI_API_KEY, then headworks check {file}, then headworks serve.")
    return Exit.OK
