"""Lets `python -m api.cli` stand for `nas`, for processes that start their own kind."""

from api.cli.app import main

main()
