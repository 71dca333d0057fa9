"""The C that is written for a network: constants, parameters and calls."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import resources

import numpy as np

from ....errors import ExportError
from .network import Operation, Tensor
from .places import Places

_C_TYPES = {
    "int8": "int8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
}
_KERNELS = "kernels"
_USES = re.compile(r'^#include "(\w+)\.c"$', re.MULTILINE)
_STRUCT = r"typedef struct \{([^}]*)\} {kind};"
_FIELD = re.compile(r"(\w+)(?:\[\d+\])?;")
NUMBERS_A_LINE = 24


class Source:
    """Collects what a network needs; equal constants and parameters are written once.

    Attributes:
        fragments: The C files of kernels that are called, those that they use before them.
        constants: C definitions, in the order in which they were needed.
        calls: C statements, in the order in which they run.
    """

    def __init__(self, places: Places):
        """Starts empty.

        Args:
            places: Where each tensor lies.
        """
        self.fragments: list[str] = []
        self.constants: list[str] = []
        self.calls: list[str] = []
        self._places = places
        self._names: dict[object, str] = {}

    def place(self, tensor: Tensor) -> str:
        """Returns the C expression of where a tensor begins, a pointer to int8_t."""
        root, start = self._places.root(tensor)
        if root.values is None:
            return self._places.expression(tensor)
        table = self.constant(root.values)
        if root.dtype != "int8":
            table = f"(const int8_t *){table}"
        if start:
            return f"({table} + {start})"
        return table

    def is_shared(self, tensor: Tensor) -> bool:
        """Tests whether more than one operation takes a constant."""
        return self._places.num_readers(tensor) > 1

    def scratch(self, operation: Operation) -> str:
        """Returns the C expression of the memory that an operation needs while it runs."""
        own, library = self._places.scratch(operation)
        if own is None and library is None:
            return "NULL"
        self.use("scratch")
        return f"SCRATCH({own or 0}, {library or 0})"

    def constant(
        self,
        values: np.ndarray,
        *,
        library: np.ndarray | None = None,
        kind: str = "",
    ) -> str:
        """Returns the name of a constant table of integers.

        Args:
            values: The integers.
            library: As many others, which CMSIS-NN takes in their place; None if it takes the same.
            kind: The type in C; "" for that of the array.
        """
        kind = kind or _C_TYPES[str(values.dtype)]
        key: tuple[object, ...] = (kind, values.tobytes())
        if library is not None and not np.array_equal(values, library):
            key += (library.tobytes(),)
        if key not in self._names:
            name = f"table{len(self._names)}"
            definition = _table(kind, name, values)
            if len(key) > 2:
                other = _table(kind, name, library)
                definition = f"#ifdef MODEL_USE_CMSIS_NN\n{other}\n#else\n{definition}\n#endif"
            self.constants.append(definition)
            self._names[key] = name
        return self._names[key]

    def parameters(self, fragment: str, kind: str, **fields: int | str | list[int]) -> str:
        """Returns the name of a constant struct.

        Args:
            fragment: The C file of the kernel that declares its type.
            kind: Its type.
            **fields: A value for each field of the type: a number, numbers of an array, or the
                name of a table.

        Raises:
            ExportError: The fields are not those of the type.
        """
        self.use(fragment)
        names = _fields(fragment, kind)
        if set(names) != set(fields):
            raise ExportError(
                f"the fields {sorted(fields)} for {kind} of {fragment}.c",
                expected=f"{sorted(names)}",
                fix="report this with the model",
            )
        written = ", ".join(_value(fields[name]) for name in names)
        key = (kind, written)
        if key not in self._names:
            name = f"{kind}{len(self._names)}"
            self.constants.append(f"static const {kind} {name} = {{{written}}};")
            self._names[key] = name
        return self._names[key]

    def use(self, fragment: str) -> None:
        """Adds the C file of a kernel, and those that it uses before it."""
        if fragment in self.fragments:
            return
        for used in _USES.findall(fragment_text(fragment)):
            self.use(used)
        self.fragments.append(fragment)

    def call(self, function: str, *arguments: str) -> None:
        """Adds a call of a C function."""
        self.calls.append(f"{function}({', '.join(arguments)});")


@cache
def fragment_text(fragment: str) -> str:
    """Returns the text of the C file of a kernel."""
    folder = resources.files(__package__) / _KERNELS
    return (folder / f"{fragment}.c").read_text(encoding="utf-8")


def without_includes(text: str) -> str:
    """Returns the text of a kernel without the lines that name what it uses."""
    return _USES.sub("", text).strip()


@cache
def _fields(fragment, kind):
    """Returns the names of the fields of a C struct in their order."""
    pattern = _STRUCT.replace("{kind}", kind)
    body = re.search(pattern, fragment_text(fragment))
    if body is None:
        raise ExportError(
            f"no struct {kind} in {fragment}.c",
            expected="the type that the kernel declares",
            fix="report this with the model",
        )
    without_comments = re.sub(
        r"/\*.*?\*/",
        "",
        body.group(1),
        flags=re.DOTALL,
    )
    return tuple(_FIELD.findall(without_comments))


def _table(kind, name, values):
    written = [_number(each) for each in values.ravel().tolist()] or ["0"]
    numbers = lines_of_numbers(written, a_line=NUMBERS_A_LINE, indent=2)
    size = max(values.size, 1)
    return f"static const {kind} {name}[{size}] = {{\n  {numbers}}};"


def _value(value):
    if isinstance(value, list):
        return "{" + ", ".join(map(str, value)) + "}"
    return str(value)


def lines_of_numbers(numbers: Sequence[str], *, a_line: int, indent: int) -> str:
    """Returns numbers with commas between them, broken into lines.

    Args:
        numbers: As C has them.
        a_line: How many stand in one.
        indent: Spaces before each line but the first.
    """
    lines = []
    for start in range(0, len(numbers), a_line):
        line = ", ".join(numbers[start : start + a_line])
        lines.append(line)
    return f",\n{' ' * indent}".join(lines)


def _number(value):
    # -2147483648 is no constant of C: it is the negation of one that int does not hold.
    if value == -(2**31):
        return "-2147483647 - 1"
    return str(value)
