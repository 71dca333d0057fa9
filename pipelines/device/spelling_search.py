"""The search of a text that a model spells a character a call, reading what was spelled before.

Beam search: after each character the most probable beginnings are kept, as many as the beam is
wide; one is the greedy search. Graves 2012, https://arxiv.org/abs/1211.3711. C and JavaScript keep
the same, because logarithms of probabilities are rounded to whole numbers that add up alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from .units import SPELLED_ID

if TYPE_CHECKING:
    from .ports import Port
    from .primitives import Columns
    from .signature import Signature

UNITS = 65_536  # of a natural logarithm
NEVER = 2**40  # minus what follows the end of a text, but the end
MAX_BEAM = 16
Model = Callable[["Columns"], np.ndarray]


def spelled_port(signature: Signature) -> Port:
    """Returns the input that holds what was spelled: int32 [positions], 0 for nothing yet, then
    the place of a character or of none, from 1 on.

    Raises:
        ValueError: There is none, or there are several.
    """
    ports = [port for port in signature.inputs if port.unit == SPELLED_ID]
    if len(ports) != 1:
        raise ValueError(f"{len(ports)} inputs of what was spelled")
    return ports[0]


def num_calls(signature: Signature) -> int:
    """Returns how often the model runs for a text."""
    target = signature.target
    num_choices = len(target.characters) + 1
    calls = 0
    live = 1
    for _ in range(target.positions):
        calls += live
        live = min(
            live * num_choices,
            target.beam,
        )
    if target.beam > 1:
        calls += 1  # of the text that is best at the end
    return calls


def search_text(
    signature: Signature, model: Model, prepared: Columns
) -> tuple[np.ndarray, Columns]:
    """Spells the text of each row.

    Args:
        signature: Of a model that reads what was spelled.
        model: Prepared columns → raw output [rows, positions * choices].
        prepared: The other inputs [rows, ...].

    Returns:
        The raw output for the text that was found, whose logits of a place are those that decided
        it; and the prepared columns with the text.
    """
    target = signature.target
    port = spelled_port(signature)
    inputs = {each.name: prepared[each.name] for each in signature.inputs}
    num_rows = len(inputs[port.name])
    texts = np.zeros((num_rows, 1, target.positions), np.int32)
    sums = np.zeros((num_rows, 1), np.int64)
    raw = np.zeros(0)
    for place in range(target.positions):
        live = texts.shape[1]
        of_all = {
            name: np.repeat(
                x,
                live,
                axis=0,
            )
            for name, x in inputs.items()
        }
        of_all[port.name] = texts.reshape(-1, target.positions)
        raw = model(of_all)
        logs = _whole_logs(signature, raw, place).reshape(
            num_rows,
            live,
            -1,
        )
        texts, sums = _extended(
            texts,
            sums,
            logs,
            place,
            most=target.beam,
        )
    found = {**prepared, port.name: texts[:, 0]}
    if target.beam > 1:
        raw = model(found)
    return raw, found


def _whole_logs(signature, raw, place):
    """Returns the logarithms of what may stand at a place, int64 [rows, choices] in 1 / UNITS."""
    target = signature.target
    by_place = signature.output.to_float(raw).reshape(
        len(raw),
        target.positions,
        -1,
    )
    logits = by_place[:, place].astype(np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True)
    logs = shifted - np.log(total)
    return np.floor(logs * UNITS + 0.5).astype(np.int64)


def _extended(texts, sums, logs, place, *, most):
    """Returns the most probable texts with a character more, and their sums."""
    num_rows, live, num_choices = logs.shape
    if place > 0:
        has_ended = texts[:, :, place - 1] == num_choices
        logs[has_ended] = -NEVER
        logs[has_ended, num_choices - 1] = 0
    totals = (sums[:, :, None] + logs).reshape(num_rows, -1)
    order = np.argsort(
        -totals,
        axis=1,
        kind="stable",
    )[:, :most]
    beginnings, choices = np.divmod(order, num_choices)
    rows = np.arange(num_rows)[:, None]
    kept = texts[rows, beginnings]
    kept[:, :, place] = choices + 1
    return kept, totals[rows, order]
