"""Rows whose missing numbers are drawn several times: one answer of all draws, and its spread.

Rubin's rules (Rubin 1987, Multiple Imputation for Nonresponse in Surveys, chapter 3): the answer is
the mean over the draws; what the draws add to its variance is (1 + 1/M) times their variance.
"""

from dataclasses import replace

import numpy as np

from .ports import Port


def pooled_port(output: Port, num_draws: int) -> Port:
    """Returns the output as it is when those of all draws are held one after the other: as many
    more copies of each value, whose sum is exact.
    """
    return replace(output, num_copies=output.num_copies * num_draws)


def pooled(raws: list[np.ndarray], output: Port) -> np.ndarray:
    """Returns the mean of the outputs of all draws, float32 [rows, outputs] in the port's unit.

    C and JavaScript give the same.

    Args:
        raws: Of each draw, int8 or float32 [rows, copies * outputs], as the model gives it.
        output: The port of the model.
    """
    if raws[0].dtype == np.int8:
        port = pooled_port(output, len(raws))
        return port.dequantize(np.concatenate(raws, axis=1))
    total = raws[0].astype(np.float32)
    for raw in raws[1:]:
        total = total + raw
    return total * (np.float32(1) / np.float32(len(raws)))


def spread(raws: list[np.ndarray], output: Port) -> np.ndarray:
    """Returns the standard deviation that the draws add to each mean, float64 [rows, outputs]; 0
    in rows where nothing is missing.
    """
    values = np.stack([output.to_float(raw) for raw in raws]).astype(np.float64)
    num = len(raws)
    between = values.var(axis=0, ddof=1)
    return np.sqrt((1 + 1 / num) * between)
