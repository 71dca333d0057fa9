"""The metadata of MediaPipe's form (https://ai.google.dev/edge/litert/models/metadata)."""

from ...device.signature import Signature
from .scores import rule_of

LABELS_FILE = "labels.txt"
VOCABULARY_FILE = "vocabulary.txt"
DECISION_FILE = "decision.json"
_PARSER_VERSION = "1.2.1"  # of the metadata's schema: the one that added the tokenizer


def metadata(signature: Signature, name: str, pattern: str) -> bytes:
    """Builds the content of TFLITE_METADATA.

    Args:
        signature: of the model.
        name: of the model.
        pattern: the regular expression that cuts texts; "" for pictures.

    Returns:
        A flatbuffer.
    """
    from mediapipe.tasks.metadata import metadata_schema_py_generated as schema

    graph = _fill(
        schema.SubGraphMetadataT(),
        inputTensorMetadata=[_input_metadata(schema, signature.columns[0], pattern)],
        outputTensorMetadata=[_output_metadata(schema, signature)],
    )
    decision = _fill(
        schema.AssociatedFileT(),
        name=DECISION_FILE,
        description=rule_of(signature),
        type=schema.AssociatedFileType.UNKNOWN,
    )
    model = _fill(
        schema.ModelMetadataT(),
        name=name,
        subgraphMetadata=[graph],
        associatedFiles=[decision],
        minParserVersion=_PARSER_VERSION,
    )
    return _packed(model)


def _fill(record, **fields):
    """Sets fields of a record of the schema and returns it."""
    for field, value in fields.items():
        setattr(record, field, value)
    return record


def _input_metadata(schema, column, pattern):
    if column.kind == "picture":
        return _picture_metadata(schema, column.name)
    return _text_metadata(schema, column.name, pattern)


def _picture_metadata(schema, name):
    """Describes a picture of bytes, which the file normalizes itself."""
    content = _fill(
        schema.ContentT(),
        contentPropertiesType=schema.ContentProperties.ImageProperties,
        contentProperties=_fill(
            schema.ImagePropertiesT(),
            colorSpace=schema.ColorSpaceType.RGB,
        ),
    )
    unit = _fill(
        schema.ProcessUnitT(),
        optionsType=schema.ProcessUnitOptions.NormalizationOptions,
        options=_fill(
            schema.NormalizationOptionsT(),
            mean=[0.0],
            std=[1.0],
        ),
    )
    stats = _fill(
        schema.StatsT(),
        min=[0.0],
        max=[255.0],
    )
    return _fill(
        schema.TensorMetadataT(),
        name=name,
        content=content,
        processUnits=[unit],
        stats=stats,
    )


def _text_metadata(schema, name, pattern):
    """Describes a text: how it is cut, and the file of its words."""
    vocabulary = _fill(
        schema.AssociatedFileT(),
        name=VOCABULARY_FILE,
        type=schema.AssociatedFileType.VOCABULARY,
    )
    unit = _fill(
        schema.ProcessUnitT(),
        optionsType=schema.ProcessUnitOptions.RegexTokenizerOptions,
        options=_fill(
            schema.RegexTokenizerOptionsT(),
            delimRegexPattern=pattern,
            vocabFile=[vocabulary],
        ),
    )
    return _fill(
        schema.TensorMetadataT(),
        name=name,
        content=_features(schema),
        processUnits=[unit],
        stats=None,
    )


def _output_metadata(schema, signature):
    """Describes the probabilities of the labels."""
    labels = _fill(
        schema.AssociatedFileT(),
        name=LABELS_FILE,
        type=schema.AssociatedFileType.TENSOR_AXIS_LABELS,
    )
    rule = rule_of(signature)
    return _fill(
        schema.TensorMetadataT(),
        name=signature.target.name,
        associatedFiles=[labels],
        description=f"Probabilities of the labels. {rule} See {DECISION_FILE}.",
        content=_features(schema),
    )


def _features(schema):
    return _fill(
        schema.ContentT(),
        contentPropertiesType=schema.ContentProperties.FeatureProperties,
        contentProperties=schema.FeaturePropertiesT(),
    )


def _packed(model):
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    packed = model.Pack(builder)
    builder.Finish(packed, b"M001")
    return bytes(builder.Output())
