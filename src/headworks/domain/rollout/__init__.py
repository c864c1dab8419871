"""Rollouts of model versions: what is written down of them, what their outcomes prove, and what follows from that. Pure functions."""
