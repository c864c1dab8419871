"""The admin API: who may change what, and the changing of it. Read `operations.py` first: it is the whole of it as one table."""
