"""One scale for a convolution whose channels all have the same."""

import numpy as np

from .packed import packed


def share_scales(content: bytes) -> bytes:
    """Writes one scale in place of equal ones, for the weights and biases of convolutions.

    Kernels take one scale for that of every channel. The converter writes a scale of four bytes and
    a zero point of eight for each channel; a net of fixed kernels needs one of them.

    Args:
        content: Of a TFLite file.

    Returns:
        The content of a file that computes the same; `content` itself if there is none to share.
    """
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content, 0)
    num_shared = 0
    for graph in model.subgraphs:
        for operator in graph.operators:
            code = model.operatorCodes[operator.opcodeIndex].builtinCode
            if code == schema.BuiltinOperator.CONV_2D:
                tensors = [graph.tensors[place] for place in operator.inputs[1:] if place >= 0]
                num_shared += _share(tensors)
    if not num_shared:
        return content
    return packed(model)


def _share(tensors):
    """Gives weights and bias one scale each; reports whether all of their channels have one."""
    scales = [each.quantization.scale for each in tensors if each.quantization]
    if len(scales) < len(tensors) or any(each is None for each in scales):
        return False
    if any(len(each) < 2 or np.ptp(each) > 0 for each in scales):
        return False
    for tensor in tensors:
        quantization = tensor.quantization
        quantization.scale = quantization.scale[:1]
        quantization.zeroPoint = quantization.zeroPoint[:1]
        quantization.quantizedDimension = 0
    return True
