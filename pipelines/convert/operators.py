"""Which operators a TFLite file holds, and what TFLM calls them."""

# Where TFLM's name is not the schema's in camel case: MicroMutableOpResolver::Add<Name>().
_MICRO_NAMES = {
    "AVERAGE_POOL_2D": "AveragePool2D",
    "CONV_2D": "Conv2D",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2D",
    "L2_POOL_2D": "L2Pool2D",
    "MAX_POOL_2D": "MaxPool2D",
    "CUMSUM": "CumSum",
    "PADV2": "PadV2",
    "BATCH_MATMUL": "BatchMatMul",
    "UNIDIRECTIONAL_SEQUENCE_LSTM": "UnidirectionalSequenceLSTM",
    "SELECT_V2": "SelectV2",
}


def operators(content: bytes) -> list[str]:
    """The names of the operators in a TFLite file, as the schema has them (CONV_2D), each once, in
    the order in which they are met; a custom operator by its own name. Raises ExportError for what
    is no TFLite file.
    """
    return list(dict.fromkeys(operator_sequence(content)))


def operator_sequence(content: bytes) -> list[str]:
    """As `operators`, one name for each time that an operator stands in the file, in their
    order.
    """
    import struct

    from ai_edge_litert import schema_py_generated as schema

    from ..errors import ExportError

    try:
        if content[4:8] != b"TFL3":
            raise ValueError("it does not say TFL3")
        model = schema.Model.GetRootAs(content)
        codes = [
            name_of(schema.OperatorCodeT.InitFromObj(model.OperatorCodes(place)))
            for place in range(model.OperatorCodesLength())
        ]
        graphs = [model.Subgraphs(place) for place in range(model.SubgraphsLength())]
        return [
            codes[graph.Operators(place).OpcodeIndex()]
            for graph in graphs
            for place in range(graph.OperatorsLength())
        ]
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, struct.error) as error:
        raise ExportError(
            f"no TFLite file of {len(content):,} bytes: {error}",
            expected="the content of a .tflite",
            fix="make the file again",
        ) from error


def flex_operators(content: bytes) -> list[str]:
    """The operators of a file that only TensorFlow has, by the name that they have there."""
    return [name.removeprefix("Flex") for name in operators(content) if name.startswith("Flex")]


def name_of(code) -> str:
    """The name of an OperatorCodeT of the schema. Raises KeyError for one that the schema does not
    know.
    """
    from ai_edge_litert import schema_py_generated as schema

    number = max(
        code.builtinCode, code.deprecatedBuiltinCode
    )  # files from before 2020 know the latter only
    if number == schema.BuiltinOperator.CUSTOM:
        return code.customCode.decode("utf-8")
    return {code: name for name, code in vars(schema.BuiltinOperator).items() if name[0] != "_"}[
        number
    ]


def micro_name(operator: str) -> str:
    """What follows "Add" in TFLM's MicroMutableOpResolver, for an operator as the schema names it:
    CONV_2D → Conv2D.
    """
    return _MICRO_NAMES.get(
        operator,
        "".join(word.capitalize() for word in operator.split("_")),
    )
