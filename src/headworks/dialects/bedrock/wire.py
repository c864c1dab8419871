"""Words and shapes that several files of this dialect share."""

from __future__ import annotations

NAME = "bedrock"

UNKNOWN = "left out: Bedrock has no such field"
LONGEST_NAME = 64
"""Characters of a call's id."""
