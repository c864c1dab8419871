"""Why there is no master key to work with. The texts say what to do, and hold nothing secret."""

from __future__ import annotations


class MasterRefused(Exception):
    """The settings name none, or none that can be used."""


class MasterUnavailable(Exception):
    """The service that keeps it did not do what it was asked."""
