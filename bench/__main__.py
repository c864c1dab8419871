"""`python -m bench`: the performance table, beside nginx and whatever else is installed."""

from __future__ import annotations

import argparse
import signal
import sys

from rich.console import Console

from bench import bars, peers, report, runner
from bench.contenders.roster import ROSTER
from bench.site import Site


def main() -> int:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "what", nargs="?", choices=("run", "peers"), default="run", help="run the bench, or install the peers for it"
    )
    parser.add_argument("--only", default="", help="contenders whose names hold one of these words, comma-separated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=4, help="of load per measurement")
    parser.add_argument("--starts", type=int, default=3, help="how often each is started, for the time to ready")
    parser.add_argument("--no-tls", action="store_true", help="leave out the rows with TLS")
    parser.add_argument("--no-peers", action="store_true", help="leave out the other gateways")
    parser.add_argument("--keep", action=argparse.BooleanOptionalAction, default=True, help="write the run to bench/results")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))  # so that children are stopped
    console = Console(width=170 if not sys.stdout.isatty() else None)
    if asked.what == "peers":
        return peers.install(print)
    return _run(asked, console)


def _run(asked: argparse.Namespace, console: Console) -> int:
    words = [word.strip() for word in asked.only.split(",") if word.strip()]
    left_out = {tag for tag, wanted in (("tls", not asked.no_tls), ("peer", not asked.no_peers)) if not wanted}
    chosen = [
        one
        for one in ROSTER
        if not one.tags & left_out and (not words or "base" in one.tags or any(word in one.name for word in words))
    ]
    schedule = runner.Schedule(rounds=asked.rounds, whole=asked.seconds, latency=asked.seconds, starts=asked.starts)
    with Site() as site:
        seen = runner.run(chosen, schedule, site, lambda line: console.print(line, style="dim", markup=False))
    found = bars.figures(seen)
    verdicts = bars.judge(found)
    report.show(console, found, verdicts, {one.name: one.failures[-1] for one in seen if one.failures})
    if asked.keep:
        console.print(f"kept in {report.keep(seen, found, verdicts, schedule)}")
    return 1 if any(bar.met is False for bar in verdicts) else 0


if __name__ == "__main__":
    sys.exit(main())
