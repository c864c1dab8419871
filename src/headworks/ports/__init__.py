"""What the house asks of the world: Protocols only."""
