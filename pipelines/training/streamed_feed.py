"""Batches of rows that are read from their source and encoded on the way.

An epoch reads the parts of the source in an order drawn from the seed and the epoch's number, some
parts in turns, so that a buffer holds rows of several; the rows of a buffer are shuffled and leave
it together. Nothing is kept from batch to batch but the rest of a buffer, so that the same seed
gives the same batches, from any step on.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from ..device.primitives import run_primitives
from ..device.signature import Signature
from ..errors import StepError
from ..rows.drawn import COPIES, uniform
from ..rows.parts import TrainSet
from ..rows.stream import ClassRedraw, RowChunk, StreamedRows, join_chunks
from ..tasks import task_of

# Parts that are read in turns: with their buffer they decide how well rows are mixed.
NUM_TURNS = 4
# Rows that are encoded at once: enough for numpy to be fast, few enough for the cache.
BLOCK_ROWS = 4096
# Copies of rows that are made at once.
CHUNK_COPIES = 65_536

Batch = tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray]


class FeedFault:
    """What went wrong in the thread that reads; TensorFlow passes on its text only."""

    def __init__(self):
        self.error: Exception | None = None

    @contextmanager
    def noted(self):
        """Notes what is raised inside, and raises it."""
        try:
            yield
        except Exception as error:
            self.error = error
            raise

    @contextmanager
    def raised(self):
        """Raises what was noted in place of what TensorFlow raises inside."""
        try:
            yield
        except Exception as error:
            if self.error is None:
                raise
            raise self.error from error


@dataclass(frozen=True, eq=False)
class StreamedBatches:
    """The batches of a training on streamed rows.

    Attributes:
        rows: Training rows as ports, a sample, with all rows in `whole`.
        whole: All of them.
        signature: What the model takes and gives.
        batch_size: Rows of a batch.
        seed: Of their order.
        fault: Where an error of the reading thread is noted.
    """

    rows: TrainSet
    whole: StreamedRows
    signature: Signature
    batch_size: int
    seed: int
    fault: FeedFault

    def dataset(self, first_step: int):
        """Returns the endless tf.data.Dataset of (x, y, weight) from a step on."""
        import tensorflow as tf

        x = {}
        for port in self.signature.inputs:
            x[port.name] = tf.TensorSpec((self.batch_size, *port.shape), port.dtype)
        num_outputs = self._truth(self.rows.y[:1]).shape[1]
        outputs = tf.TensorSpec((self.batch_size, num_outputs), tf.float32)
        y = {"members": outputs, "logits": outputs}
        weight = tf.TensorSpec((self.batch_size,), tf.float32)
        batches = tf.data.Dataset.from_generator(
            lambda: self.batches(first_step), output_signature=(x, y, weight)
        )
        return batches.prefetch(4)

    def batches(self, first_step: int) -> Iterator[Batch]:
        """Gives the batches from a step on, endlessly; they run on over the ends of epochs."""
        with self.fault.noted():
            rest: list[Batch] = []
            num_rows = 0
            for block in self._blocks(first_step * self.batch_size):
                rest.append(self._encoded(block))
                num_rows += len(block)
                if num_rows < self.batch_size:
                    continue
                together = _joined(rest)
                num_full = num_rows - num_rows % self.batch_size
                for start in range(0, num_full, self.batch_size):
                    yield _rows_of(together, start, start + self.batch_size)
                rest = [_rows_of(together, num_full, num_rows)]
                num_rows -= num_full

    def _blocks(self, num_taken: int) -> Iterator[RowChunk]:
        """Gives the rows of one epoch after the other, without the first ones."""
        rows_of_epoch = self.whole.num_rows
        if self.whole.redraw is not None:
            # As many in each, so that an epoch begins at a batch that is known.
            num_batches = max(rows_of_epoch // self.batch_size, 1)
            rows_of_epoch = num_batches * self.batch_size
        epoch, num_taken = divmod(num_taken, rows_of_epoch)
        while True:
            num_left = rows_of_epoch
            for buffer in self._buffers(epoch):
                end_of_buffer = min(len(buffer), num_left)
                skipped = min(num_taken, end_of_buffer)
                num_taken -= skipped
                num_left -= end_of_buffer
                for start in range(skipped, end_of_buffer, BLOCK_ROWS):
                    end = min(start + BLOCK_ROWS, end_of_buffer)
                    block = np.arange(start, end)
                    yield buffer.take(block)
                if not num_left:
                    break
            epoch += 1

    def _buffers(self, epoch: int) -> Iterator[RowChunk]:
        """Gives the rows of an epoch, shuffled by the buffer; drawn anew they never end."""
        yield from self._buffers_of_pass([self.seed, epoch])
        if self.whole.redraw is None:
            return
        for again in itertools.count(1):
            yield from self._buffers_of_pass([self.seed, epoch, again])

    def _buffers_of_pass(self, seeds: list[int]) -> Iterator[RowChunk]:
        """Reads all parts once."""
        generator = np.random.default_rng(seeds)
        order = generator.permutation(self.whole.stream.num_parts)
        held: list[RowChunk] = []
        num_held = 0
        for chunk in self._drawn(order.tolist(), seeds):
            held.append(chunk)
            num_held += len(chunk)
            if num_held >= self.whole.sizes.buffer:
                yield _shuffled(held, generator)
                held = []
                num_held = 0
        if num_held:
            yield _shuffled(held, generator)

    def _drawn(self, parts: list[int], seeds: list[int]) -> Iterator[RowChunk]:
        """Reads parts in turns, and draws the rows of each class as often as it is wanted."""
        if self.whole.redraw is None:
            yield from self._in_turns(parts)
            return
        for chunk in self._in_turns(parts):
            yield from redrawn(chunk, self.whole.redraw, seeds)

    def _in_turns(self, parts: list[int]) -> Iterator[RowChunk]:
        """Reads some parts in turns, and the next one where one ends."""
        waiting = [self.whole.stream.chunks(part) for part in parts]
        open_parts = waiting[:NUM_TURNS]
        waiting = waiting[NUM_TURNS:]
        while open_parts:
            chunks = open_parts.pop(0)
            chunk = next(chunks, None)
            if chunk is not None:
                open_parts.append(chunks)
                yield chunk
            elif waiting:
                open_parts.append(waiting.pop(0))

    def _encoded(self, block: RowChunk) -> Batch:
        """Returns rows as a model takes them."""
        columns = run_primitives(self.signature.primitives, block.columns())
        x = {port.name: columns[port.name] for port in self.signature.inputs}
        _refuse_gaps(x)
        target = self.signature.target
        y = task_of(target).port_truth(block.y, target, columns)
        truth = self._truth(y)
        weight = np.ones(len(block), np.float32)
        if self.rows.class_weights is not None:
            weight = self.rows.class_weights[block.y]
        return x, {"members": truth, "logits": truth}, weight

    def _truth(self, y):
        target = self.signature.target
        task = task_of(target)
        return task.training_truth(y, target)


def redrawn(chunk: RowChunk, redraw: ClassRedraw, seeds: list[int]) -> Iterator[RowChunk]:
    """Gives the rows of a chunk as often as their classes are wanted: each row the whole number
    below its rate, and once more with a chance of the rest, by a draw that needs no other row.

    Args:
        chunk: Rows of the source.
        redraw: How often.
        seeds: Of the pass.
    """
    entropy = np.random.SeedSequence([redraw.seed, *seeds])
    seed = int(entropy.generate_state(1, np.uint64)[0])
    drawn = uniform(chunk.ids, seed, COPIES)
    copies = np.floor(redraw.rates[chunk.y] + drawn).astype(np.int64)
    ends = np.cumsum(copies)
    total = int(ends[-1]) if len(ends) else 0
    # Of rare rows that stand together, a piece at a time.
    for start in range(0, total, CHUNK_COPIES):
        wanted = np.arange(start, min(start + CHUNK_COPIES, total))
        yield chunk.take(np.searchsorted(ends, wanted, side="right"))


def _refuse_gaps(x):
    """Raises StepError for a missing value in rows as a model takes them."""
    for name, values in x.items():
        if values.dtype.kind == "f" and np.isnan(values).any():
            raise StepError(
                f"streamed rows have missing values in the input {name!r} after every step",
                expected="no missing value",
                fix="add an imputing step, such as ImputeMedian()",
            )


def _shuffled(chunks, generator) -> RowChunk:
    rows = join_chunks(chunks)
    order = generator.permutation(len(rows))
    return rows.take(order)


def _joined(batches: list[Batch]) -> Batch:
    """Returns the rows of several batches as one."""
    if len(batches) == 1:
        return batches[0]
    x, y, weights = zip(*batches, strict=True)
    return (
        _joined_by_name(x),
        _joined_by_name(y),
        np.concatenate(weights),
    )


def _joined_by_name(parts):
    together = {}
    for name in parts[0]:
        arrays = [part[name] for part in parts]
        together[name] = np.concatenate(arrays)
    return together


def _rows_of(batch: Batch, start: int, end: int) -> Batch:
    x, y, weight = batch
    rows = slice(start, end)
    return (
        {name: values[rows] for name, values in x.items()},
        {name: values[rows] for name, values in y.items()},
        weight[rows],
    )
