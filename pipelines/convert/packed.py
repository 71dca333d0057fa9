"""A model of the schema as the content of a TFLite file."""


def packed(model) -> bytes:
    """Returns the content of a TFLite file.

    Args:
        model: A ModelT of the schema.
    """
    import flatbuffers

    builder = flatbuffers.Builder(2**16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
