"""The Signature as plain C99 without allocation: raw row in, int8 model inputs out, bit for bit as
in Python.
"""

from dataclasses import replace

from ...convert.pack_file import without_words
from ...device.draws import pooled_port
from ...device.primitives import num_draws
from ...device.signature import Signature
from .header import write_header
from .write_prepare import PrepareWriter


def c_files(signature: Signature, int8_model: bytes, name: str) -> dict[str, str]:
    """Returns file name → text: signature.h, prepare.c and model.c (the model as an array)."""
    int8_model = without_words(int8_model)
    signature = pooled_signature(signature)
    return {
        "signature.h": write_header(signature, name, len(int8_model)),
        "prepare.c": PrepareWriter(signature, name).source(),
        "model.c": _model_array(int8_model),
    }


def pooled_signature(signature: Signature) -> Signature:
    """Returns the signature of C, whose output holds those of all draws of a row; the given one if
    nothing is drawn.
    """
    draws = num_draws(signature.primitives)
    if draws == 1:
        return signature
    return replace(signature, output=pooled_port(signature.output, draws))


def _model_array(content):
    rows = [
        ", ".join(f"0x{byte:02x}" for byte in content[start : start + 16])
        for start in range(0, len(content), 16)
    ]
    return (
        '#include "signature.h"\n\n/* TFLite flatbuffer; interpreters want it aligned. */\n'
        "#if defined(__GNUC__)\n__attribute__((aligned(16)))\n#endif\n"
        "const unsigned char model_int8[MODEL_INT8_BYTES] = {\n  " + ",\n  ".join(rows) + "};\n"
    )
