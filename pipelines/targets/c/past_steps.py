"""What C keeps of the steps of a series that arrive one by one: the fields of a step, and the raw
windows, which are prepared whole, so that a step is prepared as it is in a window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ...device.cells import MAX_NUMBER, SERIES, Column
from ...device.signature import Signature
from ...tasks.c_text import comment, literal
from .names import TYPES, identifier


@dataclass(frozen=True)
class StepField:
    """A column in a step.

    Attributes:
        place: Of the column in the signature.
        column: The column.
        is_kept: Whether it is a series of which past steps are kept, so that a step has one value.
    """

    place: int
    column: Column
    is_kept: bool

    @property
    def name(self) -> str:
        """Its name in C."""
        return identifier(self.place, self.column.name)

    @property
    def window(self) -> str:
        """What its past steps are called in C."""
        return f"past{self.place}"

    @property
    def num_steps(self) -> int:
        """How many steps are kept, or are known beforehand."""
        return self.column.shape[0]

    def declaration(self) -> str:
        """Returns its line in the struct of a step."""
        kind = TYPES[self.column.kind].strip()
        note = comment(self.column.name)
        if self.is_kept:
            kind = "float"
            note += ", NAN where missing"
        space = "" if kind.endswith("*") else " "
        return f"  {kind}{space}{self.name}; /* {note} */"


def step_fields(signature: Signature) -> list[StepField]:
    """Returns every column but the time as a field of a step."""
    time = time_name(signature)
    past = signature.past_series()
    fields = []
    for place, column in enumerate(signature.columns):
        if column.name != time:
            is_kept = column in past
            fields.append(StepField(place, column, is_kept))
    return fields


def time_name(signature: Signature) -> str:
    """Returns the column of the time of a step; "" where steps have none."""
    if signature.frame is None:
        return ""
    return signature.frame.time


def declarations(signature: Signature) -> str:
    """Returns the fields of the struct of a step."""
    return "\n".join(each.declaration() for each in step_fields(signature))


def window_lines(signature: Signature) -> str:
    """Returns the definitions of the raw windows."""
    kept = [each for each in step_fields(signature) if each.is_kept]
    return "\n".join(f"static float {each.window}[{each.num_steps}];" for each in kept)


def clear_lines(signature: Signature) -> str:
    """Returns the statements that forget every step."""
    kept = [each for each in step_fields(signature) if each.is_kept]
    return indented(
        f"for (int32_t i = 0; i < {each.num_steps}; ++i) {each.window}[i] = NAN;" for each in kept
    )


def check_lines(signature: Signature, code: Callable[[int], int]) -> str:
    """Returns the statements that refuse a number too large for `prepare`, before anything has
    changed.

    Args:
        signature: Of the model.
        code: Place of a column → what is returned.
    """
    return indented(_checks(signature, code))


def _checks(signature, code):
    most = literal(MAX_NUMBER)
    for each in step_fields(signature):
        refused = f"return {code(each.place)};"
        cell = f"step->{each.name}"
        if each.is_kept or each.column.kind == "numeric":
            yield f"if ({cell} > {most} || {cell} < -{most}) {refused}"
        elif each.column.kind == SERIES:
            yield (
                f"if ({cell} == NULL) {refused}\n"
                f"  for (int32_t i = 0; i < {each.num_steps}; ++i)\n    if ({cell}[i] "
                f"> {most} || "
                f"{cell}[i] < -{most}) {refused}"
            )


def row_lines(signature: Signature, *, step: str, date: str) -> str:
    """Returns the statements that fill the row of the newest window.

    Args:
        signature: Of the model.
        step: C expression of the newest step; its fields follow.
        date: C expression of the number of the step that the row's time is the date of.
    """
    lines = []
    time = time_name(signature)
    for place, column in enumerate(signature.columns):
        if column.name == time:
            lines.append(f"row.{identifier(place, time)} = {_date(signature, date)};")
    for each in step_fields(signature):
        value = each.window if each.is_kept else f"{step}{each.name}"
        lines.append(f"row.{each.name} = {value};")
    return indented(lines)


def _date(signature, number):
    frame = signature.windows()
    seconds = round(frame.step_seconds)
    return f"{number} * {seconds}{plus(frame.calendar.phase_seconds)}"


def plus(seconds: int) -> str:
    """Returns a whole number to be added, as C; "" for 0."""
    if seconds == 0:
        return ""
    return f" {'+' if seconds > 0 else '-'} {abs(seconds)}"


def indented(lines: Iterable[str]) -> str:
    """Returns the lines of the body of a function."""
    return "\n".join(f"  {line}" for line in lines)
