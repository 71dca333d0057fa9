"""A network in numpy: the numbers that its C gives, where TFLM is not installed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .all_kernels import kernel_of, known_network
from .network import Network, port_name


def run_network(network: Network, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Computes one row, from the beginning of what the network keeps.

    Args:
        network: Whose operations all have kernels.
        inputs: Input → array in its shape and type.

    Returns:
        An array for each output.
    """
    values: dict[int, np.ndarray] = {}
    for tensor in network.inputs:
        values[tensor.place] = np.asarray(inputs[port_name(tensor)])
    for operation in network.operations:
        taken = []
        for tensor in operation.inputs:
            if tensor is None or tensor.is_variable:
                taken.append(np.zeros(0))
            elif tensor.values is not None:
                taken.append(tensor.values)
            else:
                taken.append(values[tensor.place])
        found = kernel_of(operation).run(operation, taken)
        for tensor, array in zip(
            operation.outputs,
            found,
            strict=True,
        ):
            values[tensor.place] = array
    return [values[tensor.place] for tensor in network.outputs]


class NumpyModel:
    """An int8 TFLite file in numpy; has the `run` of `device.runner.Interpreter`, and the `call` of
    `device.stream.StepInterpreter`.
    """

    def __init__(self, content: bytes, output_names: Sequence[str] = ()):
        """Reads the file.

        Args:
            content: The file.
            output_names: Of its outputs in their order; () as the file names the tensors.

        Raises:
            ExportError: An operator has no kernel.
        """
        self._network = known_network(content, output_names)

    def call(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Computes one row, all outputs by name.

        Args:
            inputs: Input → int8 (or int32 ids) [1, ...].
        """
        found = run_network(self._network, inputs)
        names = map(port_name, self._network.outputs)
        return dict(zip(names, found, strict=True))

    def run(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """Computes rows, each from the beginning.

        Args:
            inputs: Input → int8 (or int32 ids) [rows, ...].

        Returns:
            int8 [rows, outputs].
        """
        results = []
        for row in range(len(next(iter(inputs.values())))):
            one = {name: x[row : row + 1] for name, x in inputs.items()}
            results.append(run_network(self._network, one)[0][0])
        return np.stack(results)
