"""Which version of the tables this Headworks works with, for those too who have nothing loaded that speaks SQL."""

from __future__ import annotations

WANTED = "0010"
"""The last migration. Versions sort as text."""
