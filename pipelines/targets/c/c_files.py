"""The Signature as plain C99 without allocation: raw row in, int8 model inputs out, bit for bit as
in Python.
"""

from ...convert.pack_file import without_words
from ...device.signature import Signature
from .header import write_header
from .write_prepare import PrepareWriter


def c_files(signature: Signature, int8_model: bytes, name: str) -> dict[str, str]:
    """Returns file name → text: signature.h, prepare.c and model.c (the model as an array)."""
    int8_model = without_words(int8_model)
    return {
        "signature.h": write_header(signature, name, len(int8_model)),
        "prepare.c": PrepareWriter(signature, name).source(),
        "model.c": _model_array(int8_model),
    }


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
