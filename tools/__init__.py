"""The commands that the Makefile calls. Start with `__main__`."""
