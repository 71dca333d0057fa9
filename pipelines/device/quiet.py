"""Silence from C++, which no logger of Python hears."""

import os
from contextlib import contextmanager


@contextmanager
def quiet(into: int | None = None):
    """What any thread of this process writes to standard error meanwhile goes to the open file of
    the descriptor `into`, or nowhere.
    """
    try:
        kept = os.dup(2)
    except OSError:  # a service that closed it has none to silence
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing if into is None else into, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
