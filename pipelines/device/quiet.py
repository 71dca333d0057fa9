"""Silence from C++, which no logger of Python hears."""

import os
from contextlib import contextmanager


@contextmanager
def quiet():
    """Without what is written to standard error meanwhile, by any thread of this process."""
    try:
        kept = os.dup(2)
    except OSError:  # a service that closed it has none to silence
        yield
        return
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
