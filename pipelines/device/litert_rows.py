"""Many rows of a table through LiteRT in one call.

Whole numbers have one sum in whatever order they are added, so an int8 net of rows, each a vector,
gives the same for many rows as for one. That is not taken on trust: the first block of rows is run
both ways, and all that follow are run one by one if a single bit differs, or if LiteRT cannot give
the file another number of rows.
"""

from collections.abc import Callable

import numpy as np

from .quiet import quiet

BLOCK_ROWS = 256
# Of fewer rows another interpreter is not worth its memory.
MIN_ROWS = 4 * BLOCK_ROWS
# What LiteRT raises for a number of rows that it cannot run.
_FAULTS = (ValueError, RuntimeError, IndexError)

Pairs = list[tuple[int, np.ndarray]]


class ManyRows:
    """An interpreter of BLOCK_ROWS rows at once, made when it is first needed.

    Args:
        content: The TFLite file.
        resolver: LiteRT's name of the kernels.
    """

    def __init__(self, content: bytes, resolver: object):
        self._content = content
        self._resolver = resolver
        self._interpreter: object = None
        self._output = 0  # its index in the interpreter
        self._is_refused = False

    def run(
        self,
        pairs: Pairs,
        num_rows: int,
        run_each: Callable[[Pairs, int], np.ndarray],
    ) -> np.ndarray:
        """Runs rows.

        Args:
            pairs: The index of each input, and its array [rows, ...].
            num_rows: How many they are, at least BLOCK_ROWS.
            run_each: Runs rows one by one.

        Returns:
            The first output, [rows, ...].
        """
        first = _block(pairs, 0, BLOCK_ROWS)
        num_done = 0
        blocks = []
        if self._interpreter is None and not self._is_refused:
            blocks.append(run_each(first, BLOCK_ROWS))
            num_done = BLOCK_ROWS
            self._is_refused = not self._agrees(first, blocks[0])
        if not self._is_refused:
            while num_done + BLOCK_ROWS <= num_rows:
                block = _block(pairs, num_done, BLOCK_ROWS)
                blocks.append(self._run_block(block))
                num_done += BLOCK_ROWS
            if num_done < num_rows:
                # The last block begins among rows that have their answers.
                num_left = num_rows - num_done
                block = _block(pairs, num_rows - BLOCK_ROWS, BLOCK_ROWS)
                blocks.append(self._run_block(block)[-num_left:])
                num_done = num_rows
        if num_done < num_rows:
            rest = _block(pairs, num_done, num_rows - num_done)
            blocks.append(run_each(rest, num_rows - num_done))
        return np.concatenate(blocks)

    def _agrees(self, block, expected):
        """Makes the interpreter; returns whether it gives what is expected of a block."""
        if expected.dtype != np.int8:
            return False
        for _, array in block:
            if array.ndim != 2 or array.dtype != np.int8:
                return False
        try:
            self._interpreter = load_interpreter(self._content, self._resolver, rows=BLOCK_ROWS)
            self._output = self._interpreter.get_output_details()[0]["index"]
            result = self._run_block(block)
        except _FAULTS:
            return False  # the rows are run one by one, and any fault of theirs is raised there
        return np.array_equal(result, expected)

    def _run_block(self, block):
        """Runs BLOCK_ROWS rows."""
        interpreter = self._interpreter
        interpreter.reset_all_variables()
        for index, array in block:
            interpreter.set_tensor(index, array)
        interpreter.invoke()
        return interpreter.get_tensor(self._output)


def _block(pairs, start, num_rows):
    """Returns some rows of every input."""
    end = start + num_rows
    return [(index, np.ascontiguousarray(array[start:end])) for index, array in pairs]


def load_interpreter(content: bytes, resolver: object, *, rows: int = 1):
    """Returns LiteRT's interpreter of a file, with memory for some rows.

    Raises:
        ValueError, RuntimeError: If LiteRT cannot load the file, or not for so many rows.
    """
    from ai_edge_litert.interpreter import Interpreter

    with quiet():  # XNNPACK announces itself
        interpreter = Interpreter(
            model_content=content, num_threads=1, experimental_op_resolver_type=resolver
        )
        if rows > 1:
            for details in interpreter.get_input_details():
                shape = [rows, *details["shape"][1:]]
                interpreter.resize_tensor_input(details["index"], shape)
        interpreter.allocate_tensors()
    return interpreter
