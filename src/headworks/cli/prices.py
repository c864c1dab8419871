"""`headworks prices`: a price table newer than this version of Headworks."""

from __future__ import annotations

import sys
from pathlib import Path

from headworks.providers.price_build import build
from headworks.wiring.process_exits import Exit


def prices(file: Path) -> int:
    """Write a price table out of the newest genai-prices (`pip install --upgrade 'headworks[prices]' genai-prices`).

    Name it in the configuration as price_table.

    Args:
        file: Where to.
    """
    try:
        table = build()
    except ImportError:
        print("headworks: this needs genai-prices. Install it with: pip install 'headworks[prices]'", file=sys.stderr)
        return Exit.UNAVAILABLE
    try:
        file.write_bytes(table)
    except OSError as trouble:
        print(f"headworks: {file} cannot be written: {trouble.strerror}.", file=sys.stderr)
        return Exit.FAILED
    print(f"Wrote {file}. Add price_table: {file} to the configuration.")
    return Exit.OK
