"""Fuzzing with coverage: `python -m tests.transport.fuzz_transport -runs=100000`. Any libFuzzer option goes, and replaces ours."""

from __future__ import annotations

import importlib
import sys
from typing import Any

atheris: Any = importlib.import_module("atheris")  # it brings no types, and only the long proofs install it

with atheris.instrument_imports(include=["headworks.transport"]):
    from tests.transport.hostility import play

USUAL = ("-max_len=2048", "-len_control=0")
"""Scripts of some dozen messages from the first run on; left alone, libFuzzer begins with a few bytes, which end in the first one."""


def main() -> None:
    """Run until libFuzzer has had enough; a broken promise or an escaped exception ends it with the input that did it."""
    program, *options = sys.argv
    atheris.Setup([program, *USUAL, *options], play)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
