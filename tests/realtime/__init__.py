"""Conversations in real time, through a running gateway."""
