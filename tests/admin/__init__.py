"""The admin API: who may change what."""
