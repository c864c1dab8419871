"""Clouds as upstreams, end to end: the whole gateway as a process, and small clouds that check who asks as the real ones do."""
