"""C99 that tasks and targets write: literals, and comments of words from data."""

from collections.abc import Callable, Sequence

import numpy as np

from ..device.ports import Port
from ..device.target import Target

# Gives the sum of the staggered copies of one output. Answers are computed from whole numbers.
FINE_STEPS = "(float)fine_steps(output, i)"
ONE_PRODUCT = "/* volatile: no compiler may fuse the product with the sum */"


def comment(text: str) -> str:
    """Text that can stand in a C comment and cannot end it."""
    return "".join(
        letter if letter.isprintable() and letter not in "*/\\?" else "_" for letter in text[:60]
    )


def quoted(text):
    """A C string literal of the text's UTF-8 bytes; octal escapes end by themselves, and no
    trigraph can form.
    """
    return (
        '"'
        + "".join(
            chr(byte)
            if chr(byte).isalnum() and byte < 128 or chr(byte) in " _-.,:;+=()"
            else f"\\{byte:03o}"
            for byte in text.encode("utf-8")
        )
        + '"'
    )


def literal(value):
    """A float32 as a C literal that reads back the same."""
    text = repr(float(np.float32(value)))
    if "inf" not in text:
        text = np.format_float_scientific(np.float32(value), unique=True)
    return f"{text}f"


def c_labels(target: Target) -> str:
    """Returns the C table of a target's labels, for an example program."""
    labels = ", ".join(quoted(label) for label in target.labels)
    return f"  static const char *const labels[] = {{{labels}}};\n"


def c_table(kind: str, name: str, values: Sequence[float], write: Callable[[float], str]) -> str:
    """Returns a constant table of C; `write` writes one value."""
    written = ", ".join(map(write, values))
    return f"  static const {kind} {name}[{len(values)}] = {{{written}}};\n"


def first_positive(output: Port, offset: float) -> int:
    """Returns the least sum of fine steps that is labelled positive, found with the arithmetic of
    Python's runner.
    """
    sums = np.arange(-256 * output.num_copies, 256 * output.num_copies)
    positive = sums.astype(np.float32) * output.step() + np.float32(offset) >= 0
    if positive.any():
        return int(sums[positive.argmax()])
    return int(sums[-1]) + 1
