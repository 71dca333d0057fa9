"""The Signature as plain C99 without allocation: raw row in, int8 model inputs out, bit for bit as
in Python.
"""

from dataclasses import replace

from ...device.draws import pooled_port
from ...device.primitives import num_draws
from ...device.signature import Signature
from .header import write_header
from .write_prepare import PrepareWriter


def c_files(signature: Signature, name: str) -> dict[str, str]:
    """Returns file name → text: signature.h and prepare.c."""
    signature = pooled_signature(signature)
    return {
        "signature.h": write_header(signature, name),
        "prepare.c": PrepareWriter(signature, name).source(),
    }


def pooled_signature(signature: Signature) -> Signature:
    """Returns the signature of C, whose output holds those of all draws of a row; the given one if
    nothing is drawn.
    """
    draws = num_draws(signature.primitives)
    if draws == 1:
        return signature
    return replace(signature, output=pooled_port(signature.output, draws))
