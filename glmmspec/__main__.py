"""`python -m glmmspec` is the `glmmspec` command."""

from glmmspec.cli import main

main()
