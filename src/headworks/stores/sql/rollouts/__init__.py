"""Rollouts in SQL: what gateways follow (`positions`), what is known (`evidence`), and what changes them (`store`)."""
