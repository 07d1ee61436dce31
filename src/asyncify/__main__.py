"""`python -m asyncify` is the command `asyncify`."""

from asyncify.cli import main

main()
