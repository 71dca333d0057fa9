"""The kernels that C is written from, on which the converter tries a fresh file."""

from ...convert.kernels import Kernels
from .model.all_kernels import known_network


class CKernels(Kernels):
    """The operators that have C code."""

    name = "c"
    runtime = "the C code"
    fix = "replace the layer, or leave the target c out"

    def run(self, content, plain, rows):
        known_network(content)
