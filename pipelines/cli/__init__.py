"""The command line: `python -m pipelines --help`. One command a file."""

from .app import app, main

__all__ = ["app", "main"]
