"""Ports of one-hot columns, quantized as they are packed.

Quantizing looks at each number by itself, so that it may come before packing. Nearly all numbers of
a row of a table are the zeros and ones of its one-hot columns, and their int8 values are two
constants: a row is written once, as bytes, where it would be written three times as floats.
"""

import math
from collections.abc import Iterator, Mapping
from itertools import groupby

import numpy as np

from .flow import Flows, follow
from .ports import Port
from .primitives import Columns, Onehot, Pack, Primitive
from .signature import Signature

Primitives = tuple[Primitive, ...]


class OnehotPort:
    """An int8 port with one-hot columns, which are ids until it is packed.

    Attributes:
        port: Of the model.

    Args:
        pack: What packs its columns as floats.
        port: Of the model.
        depths: How many numbers each one-hot column has.
        flows: Every column after the last primitive.
    """

    def __init__(
        self,
        pack: Pack,
        port: Port,
        *,
        depths: Mapping[str, int],
        flows: Flows,
    ):
        self.port = port
        self._pack = pack
        self._zero, self._one = port.quantize(np.float32([0, 1]))
        self._others: list[str] = []
        self._onehots: list[str] = []
        # Slices of the port, and of the other columns side by side, that hold the same numbers.
        self._spans: list[tuple[slice, slice]] = []
        starts = []
        start = 0
        num_others = 0
        for is_onehot, names in groupby(pack.columns, depths.__contains__):
            if is_onehot:
                for name in names:
                    self._onehots.append(name)
                    starts.append(start)
                    start += depths[name]
                continue
            names = list(names)
            width = sum(math.prod(flows[name].shape) for name in names)
            self._others += names
            in_port = slice(start, start + width)
            in_others = slice(num_others, num_others + width)
            self._spans.append((in_port, in_others))
            start += width
            num_others += width
        self._starts = np.array(starts, np.int32)[:, None]

    def others(self, columns: Columns) -> np.ndarray | None:
        """Returns the columns that are not one-hot, float32 [rows, sum of their widths]; None if
        there are none.
        """
        if not self._others:
            return None
        return self._pack.pack([columns[name] for name in self._others])

    def packed(self, columns: Columns, others: np.ndarray | None) -> np.ndarray:
        """Returns what the model takes, int8 [rows, width].

        Args:
            columns: The ids of the one-hot ones, int32 [rows], are among them.
            others: As `others` gives them.
        """
        ids = np.stack([columns[name] for name in self._onehots])
        num_rows = ids.shape[1]
        packed = np.full((num_rows, *self.port.shape), self._zero, np.int8)
        packed[np.arange(num_rows), ids + self._starts] = self._one
        if others is not None:
            quantized = self.port.quantize(others)
            for in_port, in_others in self._spans:
                packed[:, in_port] = quantized[:, in_others]
        return packed


def split_onehots(signature: Signature) -> tuple[Primitives, list[OnehotPort]]:
    """Returns the primitives before the packing of ports with one-hot columns, and these ports."""
    primitives = signature.primitives
    target = signature.target
    found = []
    left_out = set()
    for port in signature.inputs:
        if port.name in (target.base, target.spread):
            continue  # answers are computed from these numbers
        for pack, onehots in _packed_onehots(primitives, port):
            flows = follow(signature.columns, primitives)
            depths = {each.column: each.depth for each in onehots}
            found.append(OnehotPort(pack, port, depths=depths, flows=flows))
            left_out.update(map(id, (pack, *onehots)))
    before = tuple(each for each in primitives if id(each) not in left_out)
    return before, found


def _packed_onehots(primitives, port) -> Iterator[tuple[Pack, list[Onehot]]]:
    """Yields what packs a port, and the one-hot primitives whose columns nothing else reads; only
    if nothing that comes later touches any of its columns.
    """
    for place, pack in enumerate(primitives):
        if not isinstance(pack, Pack) or pack.into != port.name or not port.scale:
            continue
        names = {*pack.columns, pack.into}
        onehots = _onehots_of(pack, primitives)
        if onehots and not _users(primitives[place + 1 :], names):
            yield pack, onehots


def _onehots_of(pack, primitives):
    """Returns the one-hot primitives whose columns are packed, and used by nothing else."""
    onehots = []
    for place, primitive in enumerate(primitives):
        if not isinstance(primitive, Onehot):
            continue
        users = _users(primitives[place + 1 :], {primitive.column})
        if len(users) == 1 and users[0] is pack:
            onehots.append(primitive)
    return onehots


def _users(primitives, names):
    """Returns the primitives that read or make one of some columns."""
    users = []
    for primitive in primitives:
        if not names.isdisjoint((*primitive.reads(), *primitive.makes())):
            users.append(primitive)
    return users
