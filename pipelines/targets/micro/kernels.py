"""TFLM's kernels, on which the converter tries a fresh file."""

from ...convert.kernels import Kernels
from .runner import Micro, micro_available, require_operators


class MicroKernels(Kernels):
    """The kernels of TFLM, where `tflite-micro` is installed."""

    name = "micro"
    runtime = "TFLM"
    fix = "replace the layer, or leave the targets micro and c out"

    def is_installed(self):
        return micro_available()

    def require_operators(self, content):
        require_operators(content)

    def run(self, content, plain, rows):
        Micro(content, plain.port_names()).run(rows)
