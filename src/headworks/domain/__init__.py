"""Values and rules. Plain Python: no HTTP, no SQL, no clock, no environment."""
