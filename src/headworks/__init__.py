"""Headworks: one door in front of every model, governed, metered, and fast."""

__version__ = "0.1.0"
