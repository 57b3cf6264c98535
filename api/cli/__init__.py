"""The command line: `nas`."""

from api.cli.app import main

__all__ = ["main"]
