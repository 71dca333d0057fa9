"""TFLite files under the LiteRT interpreter."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import numpy as np

from .errors import DeviceError
from .litert_rows import MIN_ROWS, ManyRows, load_interpreter

# What LiteRT raises for a file, or a row, that it cannot use.
_FAULTS = (ValueError, RuntimeError, IndexError)


class LiteRT:
    """A TFLite file under the LiteRT interpreter: one thread; one row a call, or many rows of a
    table where that is shown to give the same (see `litert_rows`).

    LiteRT looks through a file before it uses it, but not for all that can end the process or keep
    it for hours: of 10,000 altered files 3 did. So a bundle's file comes here by its checksum
    alone; a file whose makers are not trusted belongs into a process of its own.

    Args:
        content: The TFLite file.
        kernels: They round in ways of their own, layer by layer. "xnnpack": the fastest, which
            browsers and MediaPipe have too. "reference": the plain ones, which round as a
            microcontroller's do. "optimized": those with some operators that the plain ones lack.

    Raises:
        DeviceError: If LiteRT cannot load the file.
    """

    def __init__(self, content: bytes, *, kernels: str = "xnnpack"):
        resolver = _op_resolver(kernels)
        with _faults_named("load the model"):
            self._interpreter = load_interpreter(content, resolver)
            self._rows = ManyRows(content, resolver)
            inputs = self._interpreter.get_input_details()
            outputs = self._interpreter.get_output_details()
            self._inputs = {plain_name(details["name"]): details for details in inputs}
            self._output = outputs[0]

    def run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Runs rows, one by one or many at once.

        Args:
            inputs: Arrays [rows, ...] by port name; others than the file's inputs are ignored.

        Returns:
            The first output, [rows, outputs], in the dtype of the file.

        Raises:
            DeviceError: If LiteRT cannot run the model on a row.
        """
        pairs = []
        for name, array in inputs.items():
            if name in self._inputs:
                index = self._inputs[name]["index"]
                pairs.append((index, array))
        with _faults_named("run the model on the row"):
            num_rows = len(next(iter(inputs.values())))
            if num_rows < MIN_ROWS:
                return self._run_each(pairs, num_rows)
            return self._rows.run(pairs, num_rows, self._run_each)

    def _run_each(self, pairs, num_rows):
        """Runs rows one by one: arrays [rows, ...] by the index of their tensor."""
        interpreter = self._interpreter
        output = self._output["index"]
        row_shape = self._output["shape"][1:]
        results = np.empty((num_rows, *row_shape), self._output["dtype"])
        for row in range(num_rows):
            interpreter.reset_all_variables()  # a recurrent net forgets the row before
            for index, array in pairs:
                interpreter.set_tensor(index, array[row : row + 1])
            interpreter.invoke()
            results[row] = interpreter.get_tensor(output)[0]
        return results

    def call(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs one row of a file that has more than one output; nothing is kept until the next.

        Args:
            inputs: Arrays [1, ...] by port name.

        Returns:
            Every output by name.
        """
        interpreter = self._interpreter
        answers = {}
        with _faults_named("run the model on the row"):
            for name, array in inputs.items():
                index = self._inputs[name]["index"]
                interpreter.set_tensor(index, array)
            interpreter.invoke()
            for name, details in self._outputs.items():
                answers[name] = interpreter.get_tensor(details["index"])
        return answers

    @cached_property
    def _outputs(self):
        signature = self._interpreter.get_signature_runner()
        return signature.get_output_details()

    def port_names(self) -> list[str]:
        """Returns the inputs in the order of the file."""
        return list(self._inputs)

    def output_names(self) -> list[str]:
        """Returns the outputs in the order of the file."""
        names = {}
        for name, details in self._outputs.items():
            names[details["index"]] = name
        in_order = self._interpreter.get_output_details()
        return [names[details["index"]] for details in in_order]

    def inputs(self) -> dict[str, tuple[tuple[int, ...], str]]:
        """Returns (shape, dtype) of every input of the file by name."""
        found = {}
        for name, details in self._inputs.items():
            shape = tuple(map(int, details["shape"]))
            dtype = np.dtype(details["dtype"])
            found[name] = (shape, dtype.name)
        return found

    def num_outputs(self) -> int:
        """Returns how many values the file gives for a row."""
        row_shape = self._output["shape"][1:]
        return int(np.prod(row_shape))

    def quantization(self) -> dict[str, tuple[float, int]]:
        """Returns (scale, zero point) of every input by name, and of the output under "output".

        They are (0.0, 0) where the file is not quantized.
        """
        return _scales({**self._inputs, "output": self._output})

    def output_quantization(self) -> dict[str, tuple[float, int]]:
        """Returns (scale, zero point) of every output by name; (0.0, 0) of floats."""
        return _scales(self._outputs)


def _op_resolver(kernels):
    """Returns LiteRT's own name for kernels."""
    # Late: a machine that has another runtime can use everything else in this folder.
    from ai_edge_litert.interpreter import OpResolverType

    resolvers = {
        "xnnpack": OpResolverType.AUTO,
        "reference": OpResolverType.BUILTIN_REF,
        "optimized": OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    }
    return resolvers[kernels]


def plain_name(name: str) -> str:
    """Returns the port that a tensor at an end of a file is of.

    A file that came through a saved model names the input tokens "serving_default_tokens:0".
    """
    return name.removeprefix("serving_default_").removesuffix(":0")


@contextmanager
def _faults_named(action: str) -> Iterator[None]:
    """Raises what LiteRT raises inside as a DeviceError that names what it could not do."""
    try:
        yield
    except _FAULTS as error:
        raise DeviceError(
            f"LiteRT cannot {action}: {error}",
            expected="a TFLite file of a bundle",
            fix="copy the bundle again, or make it again",
        ) from error


def _scales(details):
    """Returns (scale, zero point) of tensors by name."""
    scales = {}
    for name, of_tensor in details.items():
        scale, zero_point = of_tensor["quantization"]
        scales[name] = (float(scale), int(zero_point))
    return scales
