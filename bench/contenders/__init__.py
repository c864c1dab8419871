"""Everything that is measured: how each is started, and how it is spoken to."""
