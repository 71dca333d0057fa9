"""The form for MediaPipe Tasks: the int8 file between a head and a tail that ImageClassifier and
TextClassifier take, with the labels, and a tokenizer's pattern and words, in it
(https://ai.google.dev/edge/mediapipe/solutions/guide).

In:  pictures as uint8 [1, height, width, 3], which MediaPipe always gives; for a net for grey
     pictures a first operator makes the grey that Pillow makes.
     Texts as ids int32 [1, window]. MediaPipe cuts a text by a regular expression, looks its parts
     up as they are spelled, and puts padding behind them; first operators move them to the right
     end, where the runner puts them.
Out: float32 [1, labels]: the runner's probabilities. The decision, which MediaPipe has no place
     for, is decision.json in the file: the runner's label is the one with the largest
     score × weight (see `scores`).

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
from .metadata import DECISION_FILE, LABELS_FILE, VOCABULARY_FILE, metadata
from .scores import add_probabilities, decision_file

# Pillow's grey, and its rounding: the sums are exact in float32.
GREY = np.array([19595, 38470, 7471], np.float32) / np.float32(65536)
_LSTM = "UNIDIRECTIONAL_SEQUENCE_LSTM"


def refusal(signature: Signature) -> str:
    """Returns why MediaPipe's classifiers cannot run a model of the signature, or ""."""
    target = signature.target
    if not target.labels or task_of(target).gives_back:
        return (
            f"MediaPipe Tasks classifies pictures and texts; the target {target.name!r} is no class"
        )
    if task_of(target).embeds:
        return "MediaPipe's classifiers answer by the largest output, not by the nearest class mean"
    if signature.answer_rules:
        return "MediaPipe's classifiers answer by the largest output, and keep no rules"
    for label in target.labels:
        if not label or re.search(r"[\r\n\0]", label):
            return f"MediaPipe reads one label a line, and {label!r} is none"
    kinds = [column.kind for column in signature.columns]
    steps = [type(step) for step in signature.primitives]
    if kinds == ["picture"]:
        if steps == [Pack]:
            return ""
        return "MediaPipe gives pixels as they are, and the recipe prepares them"
    if kinds != ["text"]:
        names = ", ".join(sorted(set(kinds)))
        return f"MediaPipe Tasks takes one picture or one text, not columns of kind {names}"
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
    """Builds the file that MediaPipe's ImageClassifier or TextClassifier takes, with metadata.

    Args:
        int8: the int8 TFLite file of a bundle.
        signature: with the decision of the int8 form.
        name: of the model.
        texts: training texts, raw. The words in them keep the ids that the runner gives them,
            however they are spelled, and can be read in the file, rare ones too. All other words
            get one id, whose vector is the average of those that rare words share.

    Returns:
        A TFLite file.

    Raises:
        ExportError: the file is not of this signature.
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
        ids = vocabulary(words, unknown, texts)
        files[VOCABULARY_FILE] = "".join(f"{word} {place}\n" for word, place in ids.items())
    graph.add_metadata("TFLITE_METADATA", metadata(signature, name, pattern))
    return _with_files(graph.to_bytes(), files)


def _take_pictures(graph, port):
    """Puts operators before the int8 input that take uint8 of three channels."""
    from ai_edge_litert import schema_py_generated as schema

    (given,) = graph.subgraph.inputs
    scale, zero_point = port.in_file()
    height, width, channels = port.shape
    shape = (1, height, width, 3)
    quantization = (scale, zero_point + 128)
    pixels = graph.add_tensor("pixels_rgb", shape, "uint8", quantization=quantization)
    graph.subgraph.inputs = [pixels]
    if channels == 3:
        graph.add_operator("QUANTIZE", [pixels], given, version=2, first=True)
        return
    colours = graph.add_tensor("colours", shape, "float32")
    grey = graph.add_tensor("grey", (1, height, width, 1), "float32")
    kernel = graph.add_tensor("grey/kernel", (1, 1, 1, 3), "float32", values=GREY)
    bias = graph.add_tensor("grey/bias", (1,), "float32", values=np.zeros(1))
    options = schema.Conv2DOptionsT()
    options.padding = schema.Padding.VALID
    options.strideH = 1
    options.strideW = 1
    options.dilationHFactor = 1
    options.dilationWFactor = 1
    graph.add_operator("DEQUANTIZE", [pixels], colours, first=True)
    graph.add_operator(
        "CONV_2D",
        [colours, kernel, bias],
        grey,
        options=options,
        first=True,
    )
    graph.add_operator("QUANTIZE", [grey], given, first=True)


def _add_unknown(graph, words):
    """Adds an id for the words of no training text, and returns it.

    Every table that ids are looked up in gets one more row: the average of the rows that rare words
    share.
    """
    num_ids = words.num_ids()
    for place in _tables_of_ids(graph):
        table = graph.constant(place, "int8")
        if len(table) != num_ids:
            raise ExportError(
                f"a table of {len(table)} rows in the int8 file",
                expected=f"{num_ids}, one for each id of its signature",
                fix="take file and signature of one bundle",
            )
        shared = table[-words.num_buckets :]
        average = shared.mean(axis=0, keepdims=True)
        row = np.rint(average).astype(np.int8)
        graph.replace_constant(place, np.concatenate([table, row]))
    return num_ids


def _tables_of_ids(graph):
    """Returns the tensors that token ids are looked up in."""
    (ids,) = graph.subgraph.inputs
    tables = set()
    only_lookups = True
    for operator in graph.subgraph.operators:
        if ids not in operator.inputs:
            continue
        if graph.kind(operator) != "GATHER" or operator.inputs[1] != ids:
            only_lookups = False
        tables.add(operator.inputs[0])
    if tables and only_lookups:
        return tables
    raise ExportError(
        "the int8 file does more with token ids than look them up",
        expected="GATHER on tables",
        fix="let the net read its ids through Embedding layers alone",
    )


def _take_ids(graph, window):
    """Puts operators before the ids that move them to the right end of the window.

    MediaPipe puts padding behind the ids of a text, the runner before them.
    """
    from ai_edge_litert import schema_py_generated as schema

    ids = graph.subgraph.inputs[0]
    shape = (1, window)
    given = graph.add_tensor("words", shape, "int32")
    graph.subgraph.inputs = [given]

    def constant(name, values):
        values = np.asarray(values)
        return graph.add_tensor(name, values.shape, "int32", values=values)

    def first(kind, inputs, name, shape, options):
        made = graph.add_tensor(name, shape, "int32")
        graph.add_operator(kind, inputs, made, options=options, first=True)
        return made

    one = constant("one", [1])
    there = first("MINIMUM", [given, one], "there", shape, schema.MaximumMinimumOptionsT())
    one_to_window = constant("ends", np.arange(1, window + 1)[None])
    ends = first("MUL", [there, one_to_window], "token_ends", shape, schema.MulOptionsT())
    axis = constant("axis", [1])
    length = first("REDUCE_MAX", [ends, axis], "length", (1,), schema.ReducerOptionsT())
    places = constant("places", np.arange(window))
    moved = first("ADD", [places, length], "moved", (window,), schema.AddOptionsT())
    joined = schema.ConcatenationOptionsT()
    joined.axis = 1
    along = schema.GatherOptionsT()
    along.axis = 1
    padding = constant("padding", np.zeros(shape))
    padded = first("CONCATENATION", [padding, given], "padded", (1, 2 * window), joined)
    graph.add_operator("GATHER", [padded, moved], ids, options=along, first=True)


def _forget(graph):
    """Puts before all else, for each LSTM, one on the same state whose gates are shut.

    MediaPipe leaves in a state what the text before made of it, and no other operator may write to
    one. In the kernel's fixed point a shut gate lets through 11 in 32,768, so that three steps
    leave nothing.
    """
    lstms = [each for each in graph.subgraph.operators if graph.kind(each) == _LSTM]
    for operator in lstms:
        taken = graph.tensor(operator.inputs[0])
        units = int(graph.tensor(operator.inputs[18]).shape[1])
        inputs = list(operator.inputs)
        zero_point = taken.quantization.zeroPoint[0]
        zeros = np.full((1, 3, taken.shape[2]), zero_point, np.int8)
        inputs[0] = graph.add_like(inputs[0], zeros)
        for place in range(1, 9):
            shape = graph.tensor(inputs[place]).shape
            inputs[place] = graph.add_like(inputs[place], np.zeros(shape, np.int8))
        for gate in range(4):
            place = 12 + gate
            bias = np.full(units, _shut_bias(graph, operator, gate), np.int32)
            inputs[place] = graph.add_like(inputs[place], bias)
        given = graph.add_like(operator.outputs[0], shape=(1, 3, units))
        graph.repeat_first(operator, inputs, given)


def _shut_bias(graph, operator, gate):
    """Returns the int32 bias that shuts a gate of an LSTM; 0 for the candidate's."""
    if gate == 2:
        return 0
    input_scale = graph.tensor(operator.inputs[0]).quantization.scale[0]
    kernel_scale = graph.tensor(operator.inputs[1 + gate]).quantization.scale[0]
    # Of a gate's sum 2**12 are 1; this is far under the least that it can be, and can still be
    # multiplied.
    step = input_scale * kernel_scale * 2**12
    return -round(min(2**17 / step, 2**29))


def delimiters(words: Words) -> str:
    """Returns the regular expression (RE2) by which MediaPipe cuts texts as `words` does.

    MediaPipe puts it in parentheses, of which this closes the first itself: "(" +
    "?:word|symbol)(spaces*" + ")". It takes as a token what stands before the first group, so that
    a word ends where a symbol begins, which is a word of its own; spaces are all that the spelling
    makes a space of. A text that starts with such a character gets it as its first token.
    """
    spaces, symbols = _separators(words)
    parting = spaces | symbols
    cut = _character_class(parting, negated=True)
    single = _character_class(parting)
    space = _character_class(spaces)
    return f"?:{cut}+|{single})({space}*"


def _separators(words):
    """Returns code points that part words and are none, and those that are words of their own."""
    spaces = {32}
    symbols = set()
    for code, text in words.letters:
        if " " not in text:
            continue
        if text.strip():
            symbols.add(code)
        else:
            spaces.add(code)
    return spaces, symbols


def _character_class(codes, *, negated=False):
    """Returns a class of characters by their code points, in ranges."""
    codes = codes - {0}  # MediaPipe ends a text at a null character
    starts = sorted(code for code in codes if code - 1 not in codes)
    ends = sorted(code for code in codes if code + 1 not in codes)
    ranges = ""
    for start, end in zip(starts, ends, strict=True):
        ranges += rf"\x{{{start:x}}}"
        if end > start:
            ranges += rf"-\x{{{end:x}}}"
    if negated:
        return f"[^{ranges}]"
    return f"[{ranges}]"


def vocabulary(words: Words, unknown: int, texts: Iterable[str] = ()) -> dict[str, int]:
    """Returns spelling → id for MediaPipe's tokenizer.

    Its words are those of the training texts as they are written there, and every key in small
    letters, with a capital, and in capitals. A character that parts words gets the id of padding,
    for texts that start with one.

    Args:
        words: the step that looks words up.
        unknown: the id of all other words.
        texts: training texts, raw.
    """
    spaces, symbols = _separators(words)
    parting = dict.fromkeys(spaces, " ")
    for code in symbols:
        parting[code] = f" {chr(code)} "
    written = set()
    for text in texts:
        parted = str(text).translate(parting)
        written.update(parted.split())
    spellings = sorted(written)
    for key in words.keys:
        spellings += [key, key.capitalize(), key.upper()]
    spellings = list(dict.fromkeys(spellings))
    columns = {"word": np.array(spellings, object)}
    one_word = replace(words, column="word", window=1)
    one_word.run(columns)
    ids = columns["word"][:, 0].tolist()
    found = {"<PAD>": 0, "<UNKNOWN>": unknown}
    found.update(zip(spellings, ids, strict=True))
    for code in sorted(spaces - {0, 10, 13, 32}):
        found[chr(code)] = 0
    return found


def _with_files(content, files):
    """Returns a TFLite file with others behind it, as an archive of stored files.

    The same content gives the same bytes.
    """
    archive = io.BytesIO(content)
    archive.seek(0, io.SEEK_END)
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_STORED) as opened:
        for name, text in files.items():
            opened.writestr(zipfile.ZipInfo(name), text.encode("utf-8"))
    return archive.getvalue()
