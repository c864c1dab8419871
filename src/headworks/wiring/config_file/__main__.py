"""Reads a large document in a process of its own: text in, configuration out as MessagePack, exit code 1 if anything is wrong.

A tree of ten thousand keys takes a second and some 50 MB. Here both are gone when the process is, and no request has waited.
"""

from __future__ import annotations

import gc
import sys

import msgspec

from headworks.wiring.config_file import read_config

if __name__ == "__main__":
    gc.disable()  # all of it is needed until the end
    reading = read_config(sys.stdin.buffer.read().decode())
    if reading.problems:
        sys.exit(1)
    sys.stdout.buffer.write(msgspec.msgpack.encode(reading.config))
