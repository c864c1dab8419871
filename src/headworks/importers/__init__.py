"""Coming from another gateway: its configuration and records as ours, and a report of what became of every line. One folder per gateway."""
