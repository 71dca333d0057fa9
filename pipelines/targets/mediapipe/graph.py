"""The form for MediaPipe Tasks: the int8 file between a head and a tail that ImageClassifier and
TextClassifier take, with the labels, and a tokenizer's pattern and words, in it
(https://ai.google.dev/edge/mediapipe/solutions/guide).

In:  pictures as uint8 [1, height, width, 3], which MediaPipe always gives; of a net for grey
pictures a first operator
     makes the grey that Pillow makes.
     Texts as ids int32 [1, window]. MediaPipe cuts a text by a regular expression, looks its parts
     up as they are
     spelled, and puts padding behind them; first operators move them to the right end, where the
     runner puts them.
Out: float32 [1, labels]: the runner's probabilities. The decision, which MediaPipe has no place
for, is decision.json
     in the file: the runner's label is the one with the largest score × weight (see
         `mediapipe_scores`).

Nothing is quantized again: between head and tail stands the int8 file that was verified.
"""

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ...convert.graph import Graph
from ...device.primitives import Pack
from ...device.primitives.texts import Words
from ...device.signature import Signature
from ...errors import ExportError
from ...tasks import task_of
from .scores import add_probabilities, decision_file, rule_of

LABELS_FILE = "labels.txt"
VOCABULARY_FILE = "vocabulary.txt"
DECISION_FILE = "decision.json"
# Pillow's grey, and its rounding: the sums are exact in float32.
GREY = np.array([19595, 38470, 7471], np.float32) / np.float32(65536)
_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"
_PARSER_VERSION = "1.2.1"  # of the metadata's schema: the one that added the tokenizer


def refusal(signature: Signature) -> str:
    """Why MediaPipe's classifiers cannot run a model of the signature, in words, or ""."""
    if not signature.target.labels or task_of(signature.target).gives_back:
        return (
            "MediaPipe Tasks classifies pictures and texts; the target "
            f"{signature.target.name!r} is no class"
        )
    broken = next(
        (label for label in signature.target.labels if not label or re.search(r"[\r\n\0]", label)),
        None,
    )
    if broken is not None:
        return f"MediaPipe reads one label a line, and {broken!r} is none"
    kinds = [column.kind for column in signature.columns]
    steps = [type(step) for step in signature.primitives]
    if kinds == ["picture"]:
        if steps == [Pack]:
            return ""
        return "MediaPipe gives pixels as they are, and the recipe prepares them"
    if kinds != ["text"]:
        return (
            "MediaPipe Tasks takes one picture or one text, not columns of kind "
            f"{', '.join(sorted(set(kinds)))}"
        )
    if steps != [Words, Pack]:
        names = ", ".join(step.__name__ for step in steps if step is not Pack)
        return (
            "MediaPipe's tokenizer looks words up and does no more: TokenizeWords() alone, "
            f"not {names}"
        )
    return ""


def mediapipe_model(
    int8: bytes, signature: Signature, name: str, *, texts: Iterable[str] = ()
) -> bytes:
    """The int8 TFLite file of a bundle → the file that MediaPipe's ImageClassifier or
    TextClassifier takes, with metadata (https://ai.google.dev/edge/litert/models/metadata).

    `signature`: with the decision of the int8 form. `name`: of the model. `texts`: training texts,
    raw; the words in them keep the ids that the runner gives them, however they are spelled, and
    can be read in the file, rare ones too. All other words get one id, whose vector is the average
    of those that rare words share. Raises ExportError for a file that is not of this signature.
    """
    graph = Graph(int8)
    add_probabilities(graph, signature)
    files = {
        LABELS_FILE: "".join(f"{label}\n" for label in signature.target.labels),
        DECISION_FILE: decision_file(signature),
    }
    if signature.columns[0].kind == "picture":
        _take_pictures(graph, signature.inputs[0])
        pattern = ""
    else:
        words = signature.primitives[0]
        unknown = _add_unknown(graph, words)
        _take_ids(graph, words.window)
        _forget(graph)
        pattern = delimiters(words)
        files[VOCABULARY_FILE] = "".join(
            f"{word} {place}\n" for word, place in vocabulary(words, unknown, texts).items()
        )
    graph.add_metadata("TFLITE_METADATA", _metadata(signature, name, pattern))
    return _with_files(graph.to_bytes(), files)


def _take_pictures(graph, port):
    """Before the int8 input: uint8 of three channels to what the file takes."""
    from ai_edge_litert import schema_py_generated as schema

    (given,) = graph.subgraph.inputs
    scale, zero_point = port.in_file()
    height, width, channels = port.shape
    pixels = graph.add_tensor(
        "pixels_rgb", (1, height, width, 3), "uint8", quantization=(scale, zero_point + 128)
    )
    graph.subgraph.inputs = [pixels]
    if channels == 3:
        graph.add_operator("QUANTIZE", [pixels], given, version=2, first=True)
        return
    colours = graph.add_tensor("colours", (1, height, width, 3), "float32")
    grey = graph.add_tensor("grey", (1, height, width, 1), "float32")
    kernel = graph.add_tensor("grey/kernel", (1, 1, 1, 3), "float32", values=GREY)
    bias = graph.add_tensor("grey/bias", (1,), "float32", values=np.zeros(1))
    options = schema.Conv2DOptionsT()
    options.padding, options.strideH, options.strideW = schema.Padding.VALID, 1, 1
    options.dilationHFactor, options.dilationWFactor = 1, 1
    graph.add_operator("DEQUANTIZE", [pixels], colours, first=True)
    graph.add_operator("CONV_2D", [colours, kernel, bias], grey, options=options, first=True)
    graph.add_operator("QUANTIZE", [grey], given, first=True)


def _add_unknown(graph, words):
    """The id that words of no training text get: in every table that ids are looked up in, one more
    row, the average of the rows that rare words share.
    """
    (ids,) = graph.subgraph.inputs
    readers = [each for each in graph.subgraph.operators if ids in each.inputs]
    if not readers or any(
        graph.kind(each) != "GATHER" or each.inputs[1] != ids for each in readers
    ):
        raise ExportError(
            "the int8 file does more with token ids than look them up",
            expected="GATHER on tables",
            fix="let the net read its ids through Embedding layers alone",
        )
    for place in {each.inputs[0] for each in readers}:
        table = graph.constant(place, "int8")
        if len(table) != words.num_ids():
            raise ExportError(
                f"a table of {len(table)} rows in the int8 file",
                expected=f"{words.num_ids()}, one for each id of its signature",
                fix="take file and signature of one bundle",
            )
        average = np.rint(table[-words.num_buckets :].mean(axis=0, keepdims=True)).astype(np.int8)
        graph.replace_constant(place, np.concatenate([table, average]))
    return words.num_ids()


def _take_ids(graph, window):
    """Before the ids: those of MediaPipe, padding behind them, moved to the right end of the
    window.
    """
    from ai_edge_litert import schema_py_generated as schema

    ids = graph.subgraph.inputs[0]
    given = graph.add_tensor("words", (1, window), "int32")

    def constant(name, values):
        return graph.add_tensor(name, np.shape(values), "int32", values=np.asarray(values))

    def first(kind, inputs, name, shape, options=None):
        made = graph.add_tensor(name, shape, "int32")
        graph.add_operator(kind, inputs, made, options=options, first=True)
        return made

    graph.subgraph.inputs = [given]
    there = first(
        "MINIMUM",
        [given, constant("one", [1])],
        "there",
        (1, window),
        schema.MaximumMinimumOptionsT(),
    )
    ends = first(
        "MUL",
        [there, constant("ends", np.arange(1, window + 1)[None])],
        "token_ends",
        (1, window),
        schema.MulOptionsT(),
    )
    length = first(
        "REDUCE_MAX", [ends, constant("axis", [1])], "length", (1,), schema.ReducerOptionsT()
    )
    places = first(
        "ADD",
        [constant("places", np.arange(window)), length],
        "moved",
        (window,),
        schema.AddOptionsT(),
    )
    joined = schema.ConcatenationOptionsT()
    along = schema.GatherOptionsT()
    joined.axis = along.axis = 1
    padded = first(
        "CONCATENATION",
        [constant("padding", np.zeros((1, window))), given],
        "padded",
        (1, 2 * window),
        joined,
    )
    graph.add_operator("GATHER", [padded, places], ids, options=along, first=True)


def _forget(graph):
    """Before all else, for each LSTM one on the same state whose gates are shut: MediaPipe leaves
    in a state what the text before made of it, and no other operator may write to one.

    In the kernel's fixed point a shut gate lets through 11 in 32,768, so that three steps leave
    nothing.
    """
    for operator in [each for each in graph.subgraph.operators if graph.kind(each) == _LSTM]:
        taken = graph.tensor(operator.inputs[0])
        units = int(graph.tensor(operator.inputs[18]).shape[1])
        inputs = list(operator.inputs)
        inputs[0] = graph.add_like(
            inputs[0], np.full((1, 3, taken.shape[2]), taken.quantization.zeroPoint[0], np.int8)
        )
        for place in range(1, 9):
            inputs[place] = graph.add_like(
                inputs[place], np.zeros(graph.tensor(inputs[place]).shape, np.int8)
            )
        for gate in range(4):
            # Of a gate's sum 2**12 are 1; this is far under the least that it can be, and can still
            # be multiplied.
            step = (
                graph.tensor(operator.inputs[0]).quantization.scale[0]
                * graph.tensor(operator.inputs[1 + gate]).quantization.scale[0]
                * 2**12
            )
            if gate == 2:
                bias = 0
            else:
                bias = -round(min(2**17 / step, 2**29))
            inputs[12 + gate] = graph.add_like(inputs[12 + gate], np.full(units, bias, np.int32))
        given = graph.add_like(operator.outputs[0], shape=(1, 3, units))
        graph.repeat_first(operator, inputs, given)


def delimiters(words: Words) -> str:
    """The regular expression (RE2) by which MediaPipe cuts texts as `words` does.

    MediaPipe puts it in parentheses, of which this closes the first itself: "(" +
    "?:word|symbol)(spaces*" + ")". It takes as a token what stands before the first group, so that
    a word ends where a symbol begins, which is a word of its own; spaces are all that the spelling
    makes a space of. A text that starts with such a character gets it as its first token.
    """
    spaces, symbols = _separators(words)
    cut = _character_class(spaces | symbols, negated=True)
    single = _character_class(spaces | symbols)
    return f"?:{cut}+|{single})({_character_class(spaces)}*"


def _separators(words):
    """Code points that part words and are none, and those that are words of their own."""
    spaces = {code for code, text in words.letters if " " in text and not text.strip()} | {32}
    return spaces, {code for code, text in words.letters if " " in text and text.strip()}


def _character_class(codes, *, negated=False):
    """A class of characters by their code points, in ranges."""
    ordered = sorted(codes - {0})  # MediaPipe ends a text at a null character
    starts = [
        code for place, code in enumerate(ordered) if place == 0 or ordered[place - 1] != code - 1
    ]
    ends = [
        code
        for place, code in enumerate(ordered)
        if place == len(ordered) - 1 or ordered[place + 1] != code + 1
    ]
    ranges = "".join(
        rf"\x{{{start:x}}}" + (rf"-\x{{{end:x}}}" if end > start else "")
        for start, end in zip(starts, ends, strict=True)
    )
    return f"[{'^' if negated else ''}{ranges}]"


def vocabulary(words: Words, unknown: int, texts: Iterable[str] = ()) -> dict[str, int]:
    """Spelling → id for MediaPipe's tokenizer: the words of the training texts as they are written
    there, and every key in small letters, with a capital, and in capitals. A character that parts
    words gets the id of padding, for texts that start with one; `unknown` is that of all other
    words.
    """
    spaces, symbols = _separators(words)
    parting = dict.fromkeys(spaces, " ") | {code: f" {chr(code)} " for code in symbols}
    written = {token for text in texts for token in str(text).translate(parting).split()}
    variants = [spelled for key in words.keys for spelled in (key, key.capitalize(), key.upper())]
    spellings = list(dict.fromkeys([*sorted(written), *variants]))
    columns = {"word": np.array(spellings, object)}
    replace(words, column="word", window=1).run(columns)
    found = {
        spelling: place
        for spelling, place in zip(spellings, columns["word"][:, 0].tolist(), strict=True)
    }
    return {
        "<PAD>": 0,
        "<UNKNOWN>": unknown,
        **found,
        **{chr(code): 0 for code in sorted(spaces - {0, 10, 13, 32})},
    }


def _metadata(signature, name, pattern):
    """The content of TFLITE_METADATA."""
    import flatbuffers
    from mediapipe.tasks.metadata import metadata_schema_py_generated as schema

    def named(made, **fields):
        for field, value in fields.items():
            setattr(made, field, value)
        return made

    def unit(kind, options):
        return named(schema.ProcessUnitT(), optionsType=kind, options=options)

    column = signature.columns[0]
    if column.kind == "picture":
        content = named(
            schema.ContentT(),
            contentPropertiesType=schema.ContentProperties.ImageProperties,
            contentProperties=named(
                schema.ImagePropertiesT(), colorSpace=schema.ColorSpaceType.RGB
            ),
        )
        units = [
            unit(
                schema.ProcessUnitOptions.NormalizationOptions,
                named(schema.NormalizationOptionsT(), mean=[0.0], std=[1.0]),
            )
        ]
        stats = named(schema.StatsT(), min=[0.0], max=[255.0])
    else:
        content = named(
            schema.ContentT(),
            contentPropertiesType=schema.ContentProperties.FeatureProperties,
            contentProperties=schema.FeaturePropertiesT(),
        )
        file = named(
            schema.AssociatedFileT(),
            name=VOCABULARY_FILE,
            type=schema.AssociatedFileType.VOCABULARY,
        )
        units = [
            unit(
                schema.ProcessUnitOptions.RegexTokenizerOptions,
                named(schema.RegexTokenizerOptionsT(), delimRegexPattern=pattern, vocabFile=[file]),
            )
        ]
        stats = None
    labels = named(
        schema.AssociatedFileT(),
        name=LABELS_FILE,
        type=schema.AssociatedFileType.TENSOR_AXIS_LABELS,
    )
    taken = named(
        schema.TensorMetadataT(), name=column.name, content=content, processUnits=units, stats=stats
    )
    decision = named(
        schema.AssociatedFileT(),
        name=DECISION_FILE,
        description=rule_of(signature),
        type=schema.AssociatedFileType.UNKNOWN,
    )
    given = named(
        schema.TensorMetadataT(),
        name=signature.target.name,
        associatedFiles=[labels],
        description=f"Probabilities of the labels. {rule_of(signature)} See {DECISION_FILE}.",
        content=named(
            schema.ContentT(),
            contentProperties=schema.FeaturePropertiesT(),
            contentPropertiesType=schema.ContentProperties.FeatureProperties,
        ),
    )
    graph = named(
        schema.SubGraphMetadataT(), inputTensorMetadata=[taken], outputTensorMetadata=[given]
    )
    model = named(
        schema.ModelMetadataT(),
        name=name,
        subgraphMetadata=[graph],
        associatedFiles=[decision],
        minParserVersion=_PARSER_VERSION,
    )
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"M001")
    return bytes(builder.Output())


def _with_files(content, files):
    """A TFLite file with others behind it, as an archive of stored files; the same bytes from the
    same content.
    """
    archive = io.BytesIO(content)
    archive.seek(0, io.SEEK_END)
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_STORED) as opened:
        for name, text in files.items():
            opened.writestr(zipfile.ZipInfo(name), text.encode("utf-8"))
    return archive.getvalue()
