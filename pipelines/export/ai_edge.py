"""The second quantizer: the package ai-edge-quantizer (https://github.com/google-ai-edge/ai-edge-quantizer), which
takes a float32 TFLite file where TensorFlow's converter takes the model."""

import importlib.util

import numpy as np

from ..errors import ExportError

FORMS = ("int8", "dynamic")  # what it writes; it knows no uint8


def require_ai_edge() -> None:
    """Raises ExportError where the package is not installed."""
    if importlib.util.find_spec("ai_edge_quantizer") is None:
        raise ExportError("quantizer='ai_edge' where ai-edge-quantizer is not installed", expected="the package",
                          fix="pip install ai-edge-quantizer, or quantizer='tensorflow'")


def quantize_file(content: bytes, rows: dict[str, np.ndarray], *, form: str) -> bytes:
    """A float32 TFLite file → "int8", int8 in and out, or "dynamic", int8 weights alone. Its ranges are moving averages
    of each row's smallest and largest value; those of inputs and outputs are set to hold all, as a picture's pixels
    and the staggered copies of an output need it.

    `rows`: input → float32 [rows, ...], or int32 ids. Raises ValueError, naming the operators, where some of an int8
    file would stay in float, such as an LSTM.
    """
    from ai_edge_quantizer import quantizer, recipe
    if form == "dynamic":
        made = quantizer.Quantizer(content, recipe.dynamic_wi8_afp32())
        return bytes(made.quantize(enable_progress_report=False).quantized_model)
    made = quantizer.Quantizer(content, recipe.static_wi8_ai8())
    num_rows = len(next(iter(rows.values())))
    calls = [{name: x[place:place + 1] for name, x in rows.items()} for place in range(num_rows)]
    ranges = made.calibrate({"serving_default": calls}, num_threads=1)
    for name, (low, high) in _port_ranges(content, calls).items():
        if ranges.get(name):
            ranges[name] = {"min": np.full_like(ranges[name]["min"], low),
                            "max": np.full_like(ranges[name]["max"], high)}
    result = bytes(made.quantize(ranges, enable_progress_report=False).quantized_model)
    kept = operators_in_float(result)
    if kept:
        raise ValueError(f"ai-edge-quantizer leaves {', '.join(kept)} in float: quantizer='tensorflow' has int8 for all "
                         "that the shipped models are made of")
    return result


def operators_in_float(content: bytes) -> list[str]:
    """The names of the operators of a TFLite file that read or give float32."""
    from ai_edge_litert import schema_py_generated as schema
    names = {code: name for name, code in vars(schema.BuiltinOperator).items() if isinstance(code, int)}
    model, found = schema.ModelT.InitFromPackedBuf(content, 0), []
    for graph in model.subgraphs:
        for operator in graph.operators:
            types = {graph.tensors[place].type for place in (*operator.inputs, *operator.outputs) if place >= 0}
            if schema.TensorType.FLOAT32 in types:
                found.append(names[model.operatorCodes[operator.opcodeIndex].builtinCode])
    return list(dict.fromkeys(found))


def _port_ranges(content, calls):
    """Tensor name → (smallest, largest value) of every float32 input and output over all rows, 0 among them."""
    from ai_edge_litert.interpreter import Interpreter
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    inputs = {each["name"].removeprefix("serving_default_").removesuffix(":0"): each
              for each in interpreter.get_input_details()}
    ranges = {}
    for call in calls:
        interpreter.reset_all_variables()
        for name, x in call.items():
            interpreter.set_tensor(inputs[name]["index"], x)
        interpreter.invoke()
        for each in (*inputs.values(), *interpreter.get_output_details()):
            if each["dtype"] == np.float32:
                x = interpreter.get_tensor(each["index"])
                low, high = ranges.get(each["name"], (0.0, 0.0))
                ranges[each["name"]] = (min(low, float(x.min())), max(high, float(x.max())))
    return ranges
