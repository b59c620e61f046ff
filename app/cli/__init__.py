"""The command line: the window's sibling on the same core."""

from app.cli.main import main

__all__ = ["main"]
