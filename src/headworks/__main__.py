"""`python -m headworks`."""

from headworks.cli import main

main()
