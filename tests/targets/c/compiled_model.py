"""A generated model as a library of this machine: rows in, int8 outputs out."""

import ctypes
import subprocess

import numpy as np

from pipelines.device.runner import LiteRT
from pipelines.targets.c.model.network import port_name, read_network
from pipelines.targets.c.model.write import inputs_header, write_model
from pipelines.targets.micro.runner import Micro

STRICT = ("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror")
_TYPES = {"int8": ctypes.c_int8, "int32": ctypes.c_int32}


class CompiledModel:
    """An int8 file as C, compiled with every warning as an error."""

    def __init__(self, content, folder, *, flags=("-O2",), compiler="gcc"):
        folder.mkdir(exist_ok=True)
        names = LiteRT(content).output_names()
        self.network = read_network(content, names)
        self.code = write_model(content, "t", output_names=names)
        for name, text in {**self.code.files, "signature.h": inputs_header(content)}.items():
            (folder / name).write_text(text, encoding="utf-8")
        command = [compiler, *STRICT, *flags, "-shared", "-fPIC", "-o", "model.so", "model.c"]
        subprocess.run(command, cwd=folder, check=True)
        self.library = ctypes.CDLL(str(folder / "model.so"))

    def run(self, rows):
        """int8 [rows, all outputs one after the other]; every row from the beginning."""
        inputs = _structure(self.network.inputs)()
        outputs = _structure(self.network.outputs)()
        results = []
        for row in range(len(next(iter(rows.values())))):
            for tensor in self.network.inputs:
                array = np.ascontiguousarray(rows[port_name(tensor)][row])
                field = getattr(inputs, port_name(tensor))
                ctypes.memmove(field, array.ctypes.data, array.nbytes)
            self.library.model_reset()
            self.library.model_run(ctypes.byref(inputs), ctypes.byref(outputs))
            results.append(np.frombuffer(bytes(outputs), np.int8))
        return np.stack(results)


def tflm_outputs(content, rows):
    """The same of TFLM."""
    network = read_network(content)
    names = LiteRT(content).output_names()
    micro = Micro(content, [port_name(each) for each in network.inputs], names)
    results = []
    for row in range(len(next(iter(rows.values())))):
        micro.reset()
        found = micro.call({name: x[row : row + 1] for name, x in rows.items()})
        results.append(np.concatenate([found[name].ravel() for name in names]))
    return np.stack(results)


def extreme_rows(network, num_rows=20, *, num_ids=2):
    """Random inputs, the last two rows all 127 and all -128."""
    random = np.random.default_rng(0)
    rows = {}
    for tensor in network.inputs:
        shape = (num_rows, *tensor.shape[1:])
        if tensor.dtype == "int8":
            values = random.integers(-128, 128, shape).astype(np.int8)
            values[-2], values[-1] = 127, -128
        else:
            values = random.integers(0, num_ids, shape).astype(tensor.dtype)
        rows[port_name(tensor)] = values
    return rows


def _structure(tensors):
    fields = [(port_name(each), _TYPES[each.dtype] * max(each.size, 1)) for each in tensors]
    return type("Structure", (ctypes.Structure,), {"_fields_": fields})
