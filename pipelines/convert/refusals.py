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
    """Names the layer that a tensor or operation belongs to.

    Args:
        path: the name that TensorFlow gave it: "norm_1/moments/mean".
        layers: names of the model's layers.

    Returns:
        "the layer 'norm'"; "" if it belongs to none of `layers`.
    """
    first = path.split("/")[0]
    known = []
    for name in layers:
        numbered = re.escape(name) + r"(_\d+)?"
        if re.fullmatch(numbered, first):
            known.append(name)
    if not known:
        return ""
    longest = max(known, key=len)
    return f"the layer {longest!r}"


def place_in_words(operator: str, path: str, layers: tuple[str, ...]) -> str:
    """Describes an operator and its place: "the operator RSQRT of the layer 'norm'"."""
    layer = layer_of(path, layers)
    if layer:
        return f"the operator {operator} of {layer}"
    repeats_operator = path.lower() == operator.lower()
    if not path or repeats_operator or path.startswith(_NO_PLACE):
        return f"the operator {operator}"
    return f"the operator {operator} ({path!r})"


def converter_reason(text: str, layers: tuple[str, ...]) -> str:
    """Finds why the converter refused a model.

    Args:
        text: what the converter wrote to standard error.
        layers: names of the model's layers.

    Returns:
        The reason in words; "" if the text names no operation.
    """
    found = _PLACE.findall(text)
    places = list(dict.fromkeys(found))
    unknown = _unknown_operation(text)
    if unknown is not None:
        path = _path_of(unknown, places)
        place = place_in_words(unknown, path, layers)
        where = place.removeprefix("the operator ")
        return f"TFLite has no operator for TensorFlow's {where}"
    errors = _ERROR.findall(text)
    if not errors:
        return ""
    reason = errors[0].strip()[:300]
    for path in places:
        layer = layer_of(path, layers)
        if layer:
            return f"{layer}: {reason}"
    return reason


def _unknown_operation(text):
    """Returns the first TensorFlow operation that TFLite has no operator for, or None."""
    named = _UNKNOWN.search(text)
    if named:
        return named[1]
    listed = _LISTED.search(text)
    if listed:
        return listed[1].split(",")[0].strip()
    return None


def _path_of(operation, places):
    """Returns the first path that ends with an operation, whatever its number, or ""."""
    for path in places:
        last = path.split("/")[-1]
        if last.rstrip("_0123456789") == operation:
            return path
    return ""


def micro_reason(text: str) -> str:
    """Finds why TFLM refuses a file or a row.

    Args:
        text: what TFLM wrote to standard error.

    Returns:
        The reason in words; "" if the text contains none.
    """
    absent = re.search(r"find op for builtin opcode '(\w+)'", text)
    if absent:
        return f"TFLM has no operator {absent[1]}, which the file holds"
    failed = re.search(r"Node (\w+) \(number (\w+)\) failed to (\w+)", text)
    if not failed:
        return ""
    before = text[: failed.start()].strip()
    if before:
        last_line = before.splitlines()[-1].strip()
        reason = re.sub(r"^\S*/(\w+\.cc:\d+) ", r"\1: ", last_line)
    else:
        reason = "it gives no reason"
    place = f"the operator {failed[1]} (number {failed[2]})"
    return f"TFLM fails to {failed[3]} {place}: {reason[:300]}"
