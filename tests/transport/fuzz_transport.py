"""Fuzzing with coverage: `python -m tests.transport.fuzz_transport -runs=100000`. Any libFuzzer option goes."""

from __future__ import annotations

import importlib
import sys
from typing import Any

atheris: Any = importlib.import_module("atheris")  # it brings no types, and only the long proofs install it

with atheris.instrument_imports(include=["headworks.transport"]):
    from tests.transport.hostility import play


def main() -> None:
    """Run until libFuzzer has had enough; a broken promise or an escaped exception ends it with the input that did it."""
    atheris.Setup(sys.argv, play)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
