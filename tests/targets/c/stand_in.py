"""The C around a model, an interpreter in the model's place."""

import numpy as np

from pipelines.targets.c.c_files import c_files
from pipelines.targets.c.runner import CCode

_NO_MODEL = {"model.h": "", "model.c": "typedef int no_model;\n"}


class CodeAround(CCode):
    """prepare.c, and an interpreter that answers the inputs that it prepared."""

    def __init__(self, signature, interpreter):
        super().__init__(c_files(signature, "t") | _NO_MODEL, signature)
        self._interpreter = interpreter

    def _run(self, rows):
        inputs = {}
        for port in self.signature.inputs:
            arrays = [np.ctypeslib.as_array(getattr(row, port.name)) for row in rows]
            inputs[port.name] = np.stack(arrays).reshape(-1, *port.shape)
        return np.ascontiguousarray(self._interpreter.run(inputs))
