"""The second quantizer: the package ai-edge-quantizer
(https://github.com/google-ai-edge/ai-edge-quantizer), which takes a float32 TFLite file where
TensorFlow's converter takes the model.
"""

import numpy as np

from ..device.litert import plain_name
from ..errors import ExportError
from ..installed import import_fault
from .quantize import Quantize
from .ranges import MAX_ROWS, Sample

FORMS = ("int8", "dynamic")  # what it writes


def require_ai_edge() -> None:
    """Raises ExportError where the package cannot be imported."""
    fault = import_fault("ai_edge_quantizer", of="ai-edge-quantizer")
    if fault:
        raise ExportError(
            f"quantizer='ai_edge': {fault}",
            expected="the package",
            fix="pip install ai-edge-quantizer, or quantizer='tensorflow'",
        )


def quantize_file(
    content: bytes, rows: dict[str, np.ndarray], *, form: str, quantize: Quantize
) -> bytes:
    """A float32 TFLite file → "int8", int8 in and out, or "dynamic", int8 weights alone. The ranges
    are those of `quantize`, over the first 256 rows but for inputs and outputs, and not the
    averages over rows that the package would take: of a picture's pixels and of an output the ends
    matter.

    `rows`: input → float32 [rows, ...], or int32 ids. Raises ValueError, naming the operators,
    where some of an int8 file would stay in float, such as an LSTM.
    """
    from ai_edge_quantizer import quantizer, recipe

    if form == "dynamic":
        made = quantizer.Quantizer(content, recipe.dynamic_wi8_afp32())
        return bytes(made.quantize(enable_progress_report=False).quantized_model)
    made = quantizer.Quantizer(content, recipe.static_wi8_ai8())
    one_row = {name: x[:1] for name, x in rows.items()}
    ranges = made.calibrate(
        {"serving_default": [one_row]}, num_threads=1
    )  # shows which tensors it asks for
    asked = [name for name, known in ranges.items() if known]
    for name, (low, high) in _ranges(content, rows, asked, quantize).items():
        ranges[name] = {
            "min": np.full_like(ranges[name]["min"], low),
            "max": np.full_like(ranges[name]["max"], high),
        }
    result = bytes(made.quantize(ranges, enable_progress_report=False).quantized_model)
    kept = operators_in_float(result)
    if kept:
        raise ValueError(
            f"ai-edge-quantizer leaves {', '.join(kept)} in float: quantizer='tensorflow' has int8 "
            "for all that the shipped models are made of"
        )
    return result


def operators_in_float(content: bytes) -> list[str]:
    """The names of the operators of a TFLite file that read or give float32."""
    from ai_edge_litert import schema_py_generated as schema

    names = {
        code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)
    }
    model = schema.ModelT.InitFromPackedBuf(content, 0)
    found = []
    for graph in model.subgraphs:
        for operator in graph.operators:
            types = {
                graph.tensors[place].type
                for place in (*operator.inputs, *operator.outputs)
                if place >= 0
            }
            if schema.TensorType.FLOAT32 in types:
                found.append(names[model.operatorCodes[operator.opcodeIndex].builtinCode])
    return list(dict.fromkeys(found))


def _ranges(content, rows, names, quantize):
    """Tensor name → its range over rows: of inputs and outputs from the smallest to the largest
    value, of others as `quantize` states.
    """
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    interpreter = Interpreter(
        model_content=content,
        num_threads=1,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    inputs = {plain_name(each["name"]): each for each in interpreter.get_input_details()}
    ports = {
        each["name"]: each["index"]
        for each in (*inputs.values(), *interpreter.get_output_details())
    }
    inner = {
        each["name"]: each["index"]
        for each in interpreter.get_tensor_details()
        if each["name"] in names and each["name"] not in ports and each["dtype"] == np.float32
    }
    ends = {}
    num_rows = len(next(iter(rows.values())))
    num_samples = min(num_rows, MAX_ROWS)
    samples = {name: Sample(num_samples) for name in inner}
    for place in range(num_rows):
        interpreter.reset_all_variables()
        for name, each in inputs.items():
            interpreter.set_tensor(each["index"], rows[name][place : place + 1])
        interpreter.invoke()
        for name in set(ports) & set(names):
            x = interpreter.get_tensor(ports[name])
            low, high = ends.get(name, (0.0, 0.0))
            ends[name] = (min(low, float(x.min())), max(high, float(x.max())))
        if place < MAX_ROWS:
            for name, index in inner.items():
                samples[name].add(interpreter.get_tensor(index))
    return {**ends, **{name: sample.range(quantize) for name, sample in samples.items()}}
