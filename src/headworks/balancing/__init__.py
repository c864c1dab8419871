"""Which target: pickers, health, budgets. Pure functions of their arguments with injected clock and chance."""
