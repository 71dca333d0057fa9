"""Places of a tensor that lie at equal distances along each axis, and copying them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from .network import Tensor
from .source import Source

MOST_AXES = 5


@dataclass(frozen=True)
class Block:
    """Places of a tensor.

    Attributes:
        tensor: The tensor.
        start: The first place.
        sizes: How many places each axis has.
        strides: How far apart the places of each axis are.
    """

    tensor: Tensor
    start: int
    sizes: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, tensor: Tensor) -> Block:
        """Returns all places of a tensor."""
        return cls(
            tensor,
            0,
            tensor.shape,
            contiguous(tensor.shape),
        )

    def part(self, axis: int, start: int, size: int) -> Block:
        """Returns a part of one axis."""
        return self.stepped(axis, range(start, start + size))

    def stepped(self, axis: int, places: range) -> Block:
        """Returns the given places of one axis."""
        sizes = _replaced(
            self.sizes,
            axis,
            len(places),
        )
        strides = _replaced(
            self.strides,
            axis,
            self.strides[axis] * places.step,
        )
        first = 0
        if len(places):
            first = places[0]
        return replace(
            self,
            start=self.start + first * self.strides[axis],
            sizes=sizes,
            strides=strides,
        )

    def reversed(self, axis: int) -> Block:
        """Returns the places with one axis from its end to its start."""
        size = self.sizes[axis]
        return self.stepped(
            axis,
            range(
                size - 1,
                -1,
                -1,
            ),
        )

    def turned(self, order: list[int]) -> Block:
        """Returns the places with the axes in another order."""
        sizes = tuple(self.sizes[axis] for axis in order)
        strides = tuple(self.strides[axis] for axis in order)
        return replace(
            self,
            sizes=sizes,
            strides=strides,
        )

    def with_axis(self, axis: int) -> Block:
        """Returns the places with a new axis of one place."""
        sizes = (*self.sizes[:axis], 1, *self.sizes[axis:])
        strides = (*self.strides[:axis], 0, *self.strides[axis:])
        return replace(
            self,
            sizes=sizes,
            strides=strides,
        )

    def moved_to(self, tensor: Tensor) -> Block:
        """Returns all places of another tensor, with the axes of this block."""
        return Block(
            tensor,
            0,
            self.sizes,
            contiguous(self.sizes),
        )

    def is_one_piece(self) -> bool:
        """Tests whether the places lie one after the other."""
        wanted = contiguous(self.sizes)
        axes = zip(
            self.sizes,
            self.strides,
            wanted,
            strict=True,
        )
        return all(size == 1 or stride == other for size, stride, other in axes)

    def places(self) -> np.ndarray:
        """Returns the places in the order of the block, int64."""
        found = np.full(
            self.sizes,
            self.start,
            np.int64,
        )
        for axis, (size, stride) in enumerate(
            zip(
                self.sizes,
                self.strides,
                strict=True,
            )
        ):
            shape = [1] * len(self.sizes)
            shape[axis] = size
            found += (np.arange(size) * stride).reshape(shape)
        return found


def contiguous(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Returns the strides of axes whose places lie one after the other."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def copy_block(source: Source, taken: Block, into: Block) -> None:
    """Writes a copy of places of one tensor to places of another.

    Args:
        source: The C that is written.
        taken: Where from.
        into: Where to, with the same sizes.
    """
    item = np.dtype(into.tensor.dtype).itemsize
    sizes, strides = _byte_loops(taken, into, item)
    if len(sizes) > MOST_AXES:
        _copy_in_parts(source, taken, into)
        return
    one = _at(source.place(taken.tensor), taken.start * item)
    other = _at(source.place(into.tensor), into.start * item)
    if len(sizes) == 1:
        source.call(
            "memcpy",
            other,
            one,
            str(sizes[0]),
        )
        return
    missing = MOST_AXES - len(sizes)
    copy = source.parameters(
        "copy",
        "block_copy",
        sizes=[1] * missing + sizes,
        taken=[0] * missing + [each[0] for each in strides],
        into=[0] * missing + [each[1] for each in strides],
    )
    source.call(
        "copy_block",
        f"&{copy}",
        f"(const uint8_t *){one}",
        f"(uint8_t *){other}",
    )


def _copy_in_parts(source, taken, into):
    """Writes a copy for each place of the first axis that has more than one."""
    axis = next(axis for axis, size in enumerate(taken.sizes) if size > 1)
    for place in range(taken.sizes[axis]):
        copy_block(source, taken.part(axis, place, 1), into.part(axis, place, 1))


def _byte_loops(taken, into, item):
    """Returns the sizes of the loops of a copy, the last one over bytes that lie together, and how
    far apart they are where they are taken and where they are copied to.
    """
    axes = joined_axes(taken.sizes, [taken.strides, into.strides])
    sizes = [item]
    strides = [(1, 1)]
    for size, (one, other) in reversed(axes):
        moved = (one * item, other * item)
        if moved == (sizes[0], sizes[0]) and len(sizes) == 1:
            sizes[0] *= size
            continue
        sizes.insert(0, size)
        strides.insert(0, moved)
    return sizes, strides


def joined_axes(
    sizes: tuple[int, ...], strides: list[tuple[int, ...]]
) -> list[tuple[int, tuple[int, ...]]]:
    """Returns (size, the stride of each tensor) of the fewest axes that visit the same places.

    Args:
        sizes: Of the axes.
        strides: Of each tensor, one an axis.
    """
    axes: list[tuple[int, tuple[int, ...]]] = []
    for axis, size in enumerate(sizes):
        if size == 1:
            continue
        steps = tuple(each[axis] for each in strides)
        if axes:
            before, outer = axes[-1]
            follows = all(
                one == step * size
                for one, step in zip(
                    outer,
                    steps,
                    strict=True,
                )
            )
            if follows:
                axes[-1] = (before * size, steps)
                continue
        axes.append((size, steps))
    return axes


def _replaced(values, place, value):
    return (*values[:place], value, *values[place + 1 :])


def _at(expression, offset):
    if not offset:
        return expression
    return f"({expression} + {offset})"
