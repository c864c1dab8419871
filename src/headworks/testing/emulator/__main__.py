"""`python -m headworks.testing.emulator`: what `EmulatorProcess` starts. For people there is `headworks emulate`."""

from __future__ import annotations

from headworks.testing.emulator.serving import run, serve_parent

if __name__ == "__main__":
    run(serve_parent())
