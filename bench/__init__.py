"""What a request costs, measured: `make bench`. See docs/benchmarks.md for what is measured and how."""
