"""The gateway process under a sampler: the supervisor starts this module in its place (see `profile.py`)."""

from __future__ import annotations

import sys

from bench.sampler import sampler_here
from headworks.wiring import process_gateway

if __name__ == "__main__":
    sampler_here().install()
    sys.exit(process_gateway.main(sys.argv[1:]))
