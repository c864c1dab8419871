"""The control plane: what looks at the journal from outside. Its death never stops traffic."""
