"""Silence from C++, which no logger of Python hears."""

import os
from contextlib import contextmanager


@contextmanager
def quiet(into: int | None = None):
    """Redirects what any thread of this process writes to standard error.

    Args:
        into: The descriptor of an open file; without one it goes nowhere.
    """
    try:
        kept = os.dup(2)
    except OSError:  # a service that closed it has none to silence
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    if into is None:
        into = nothing
    try:
        os.dup2(into, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
