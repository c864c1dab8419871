"""The one floor that knows concrete classes: what is made of what, and which process runs it."""
