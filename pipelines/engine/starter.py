"""A process ends with the one that started it, even if that one ends before it can be asked for.

python -I -S starter.py STARTER PROGRAM ARGUMENT...   becomes the program, which then ends so

This file is run by its path, ahead of every process that is started: it imports Python's own
modules alone.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def ending_with_this(command: Sequence[str]) -> list[str]:
    """Returns the command of a process that ends with this one. Linux only; elsewhere it is the
    command as it was.

    The system watches the thread that starts it: a process is to be started by a thread that stays
    until it ends. What it starts itself does not end with it, unless it is started so too.

    Args:
        command: A program that exists, and its arguments.
    """
    if not sys.platform.startswith("linux"):
        return list(command)
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), *command]


def end_with_parent(parent: int) -> None:
    """Called by a child: the system kills it when its parent has ended, and first of all where
    memory runs out. Linux only; elsewhere nothing changes.

    Args:
        parent: The process id, as the parent knew it before the child was there: a child whose
            parent has ended already has another one.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    Path("/proc/self/oom_score_adj").write_text("1000")
    if os.getppid() != parent:
        sys.exit(1)


def main(parent: int, command: Sequence[str]) -> None:
    """Becomes the program of a command, with the same process id."""
    end_with_parent(parent)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
