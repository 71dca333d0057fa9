"""What a converter or a runtime wrote about a model that it refuses → the operator and the layer,
in words.
"""

import re

# Of MLIR: fused["Erf:", "dense_1/Erf@__inference_call_87"]: the kind of an operation, and where it
# stands.
_PLACE = re.compile(r'fused\["[^"]*:", "([^"@]+)@')
_UNKNOWN = re.compile(r"'tf\.(\w+)' op is neither a custom op nor a flex op")
_LISTED = re.compile(r"^(?:TF Select|Custom) ops: (.+)$", re.MULTILINE)
_NO_PLACE = ("tfl.", "arith.", "PartitionedCall", "StatefulPartitionedCall")
_ERROR = re.compile(r"error: (?!failed while converting)(.+)")


def layer_of(path: str, layers: tuple[str, ...]) -> str:
    """The layer that a tensor or operation belongs to, by the name TensorFlow gave it
    ("norm_1/moments/mean"), in words; "" where it is of none of `layers`.
    """
    first = path.split("/")[0]
    known = [name for name in layers if re.fullmatch(re.escape(name) + r"(_\d+)?", first)]
    if known:
        return f"the layer {max(known, key=len)!r}"
    return ""


def place_in_words(operator: str, path: str, layers: tuple[str, ...]) -> str:
    """An operator and where it stands: "the operator RSQRT of the layer 'norm'"."""
    layer = layer_of(path, layers)
    if layer:
        return f"the operator {operator} of {layer}"
    tells = path and path.lower() != operator.lower() and not path.startswith(_NO_PLACE)
    if tells:
        return f"the operator {operator} ({path!r})"
    return f"the operator {operator}"


def converter_reason(text: str, layers: tuple[str, ...]) -> str:
    """Why the converter refused, of what it wrote to standard error; "" where it named no
    operation. `layers`: the names of the model's.
    """
    unknown = _UNKNOWN.findall(text) or [
        name.strip() for line in _LISTED.findall(text) for name in line.split(",")
    ]
    places = list(dict.fromkeys(_PLACE.findall(text)))
    if unknown:
        name = unknown[0]
        path = next(
            (path for path in places if path.split("/")[-1].rstrip("_0123456789") == name), ""
        )
        where = place_in_words(name, path, layers).removeprefix("the operator ")
        return f"TFLite has no operator for TensorFlow's {where}"
    errors = _ERROR.findall(text)
    if not errors:
        return ""
    named = next(filter(None, (layer_of(path, layers) for path in places)), "")
    return f"{named + ': ' if named else ''}{errors[0].strip()[:300]}"


def micro_reason(text: str) -> str:
    """Why TFLM refuses a file or a row, of what it wrote to standard error; "" where it wrote
    nothing that helps.
    """
    absent = re.search(r"find op for builtin opcode '(\w+)'", text)
    if absent:
        return f"TFLM has no operator {absent[1]}, which the file holds"
    failed = re.search(r"Node (\w+) \(number (\w+)\) failed to (\w+)", text)
    if not failed:
        return ""
    before = [line.strip() for line in text[: failed.start()].splitlines() if line.strip()]
    if before:
        said = re.sub(r"^\S*/(\w+\.cc:\d+) ", r"\1: ", before[-1])
    else:
        said = "it gives no reason"
    return f"TFLM fails to {failed[3]} the operator {failed[1]} (number {failed[2]}): {said[:300]}"
