"""Wire languages, both directions, without sockets: hub and spoke around the canonical conversation and events."""
