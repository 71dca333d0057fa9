"""push.c and prepare.c as a library of this machine: rows of steps in, inputs of the model out."""

import ctypes
import subprocess

import numpy as np

from pipelines.device.cells import read_column
from pipelines.device.history import as_cells
from pipelines.targets.c.c_files import c_files
from pipelines.targets.c.past_steps import step_fields, time_name
from pipelines.targets.c.push import push_files
from pipelines.targets.c.runner import (
    TYPES,
    _own_scale,
    cell_in_c,
    port_fields,
    structure,
)
from tests.targets.c.compiled_model import STRICT


class PushedSteps:
    """A window in C that raw rows are pushed into."""

    def __init__(self, signature, folder, files=None):
        """Compiles the files of a bundle's c/, or those of a signature alone."""
        folder.mkdir(exist_ok=True)
        self.signature = signature
        files = files or c_files(signature, "t") | push_files(signature, "t")
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8")
        sources = [name for name in files if name.endswith(".c") and name != "main.c"]
        command = ["gcc", *STRICT, "-O2", "-shared", "-fPIC", "-o", "push.so", *sources, "-lm"]
        subprocess.run(command, cwd=folder, check=True)
        self.library = ctypes.CDLL(str(folder / "push.so"))
        self.inputs = structure(port_fields(signature.inputs) + _own_scale(signature))()
        fields = []
        if time_name(signature):
            fields.append(("time", ctypes.c_int64))
        for each in step_fields(signature):
            kind = ctypes.c_float if each.is_kept else TYPES[each.column.kind]
            fields.append((each.name, kind))
        self._step = structure(fields)
        self.reset()

    def reset(self):
        self.library.prepare_push_reset()

    def push(self, row):
        """Returns the code of a raw row; a series of steps to come has its values as an array."""
        cells = []
        kept = []
        if time_name(self.signature):
            time = row[time_name(self.signature)]
            if isinstance(time, str):
                time_column = self.signature.windows().time_column()
                (time,), _ = read_column([time], time_column, self.signature.missing())
            cells.append(cell_in_c(time, "date")[0])
        for each in step_fields(self.signature):
            value, memory = self._cell(each, row[each.column.name])
            cells.append(value)
            kept.append(memory)
        return self.library.prepare_push(
            ctypes.byref(self._step(*cells)), ctypes.byref(self.inputs)
        )

    def _cell(self, field, value):
        column = field.column
        if field.is_kept:
            column = as_cells(column)
        if isinstance(value, str):
            (value,), _ = read_column([value], column, self.signature.missing())
        return cell_in_c(value, column.kind)

    def arrays(self):
        """The inputs, and a row's own base and spread, by their names in C."""
        found = {}
        for name, _ in self.inputs._fields_:
            found[name] = np.array(getattr(self.inputs, name)).ravel()
        return found

    def run_model(self):
        """What the model gives for the inputs as they are, int8 [outputs]."""
        output = self.signature.output
        into = np.empty(output.shape[0] * output.num_copies, np.int8)
        self.library.model_reset()
        self.library.model_run(
            ctypes.byref(self.inputs), into.ctypes.data_as(ctypes.POINTER(ctypes.c_int8))
        )
        return into
