"""Integrated gradients of a bundle's Keras model, by raw column, step, word or pixel."""

from dataclasses import replace

import numpy as np

from ...device.cells import PICTURE, SERIES, TEXT
from ...device.primitives import PackingPrimitive, run_primitives
from ...device.primitives.texts import Words
from ...device.runner import Runner
from ...errors import BundleError
from ...rows.columns import read_rows
from ...training.keras_file import read_keras
from ...verify.keras_interpreter import KerasInterpreter
from ...verify.ladder import some_places
from .columns import shown
from .float_inputs import FloatInputs
from .focus import example_places, example_title
from .gradients import NUM_STEPS, Inputs, incompleteness, integrated_gradients
from .heat import bars, montage, step_curve
from .opened import OpenedBundle
from .reading import NotRead, Reading, joined
from .word_marks import mean_by_word, word_bars

TITLE = "Integrated gradients"
MOST_ROWS = 200
NUM_BASELINE_ROWS = 256
MOST_INCOMPLETE = 0.05


def read_attribution(opened: OpenedBundle) -> Reading | NotRead:
    """Attributes the output of the Keras model to its inputs, and those to the raw columns."""
    if opened.task.gives_back:
        return NotRead(
            TITLE, "the answer is how far outputs lie from the inputs: see occlusion instead"
        )
    if opened.task.embeds:
        return NotRead(TITLE, "outputs are an embedding, none of which is a label: see occlusion")
    if opened.task.spells:
        return NotRead(TITLE, "outputs are characters of many places: see attention and occlusion")
    model = read_keras(opened.folder)
    try:
        net = FloatInputs.of(model)
    except BundleError as error:
        return NotRead(TITLE, error.received)
    kinds = {column.kind for column in opened.signature.columns}
    places = opened.places(MOST_ROWS)
    if PICTURE in kinds:
        places = example_places(opened)
    runner = Runner(opened.signature, KerasInterpreter(model), form="float32")
    attributions, missed = _attributed(
        opened,
        net,
        runner,
        places,
    )
    if missed > MOST_INCOMPLETE:
        return NotRead(
            TITLE,
            f"they miss {missed:.0%} of what they should add up to: the net has steps that "
            "gradients do not see; see occlusion",
        )
    read = _read_columns
    for kind, special in _BY_KIND.items():
        if kind in kinds:
            read = special
    return read(
        opened,
        places,
        attributions,
        _note(opened, len(places), missed),
    )


def _note(opened, num_rows, missed):
    number = f"the value of {opened.target.name}, in {opened.signature.output.unit}"
    if opened.target.labels:
        number = "the logit of the most probable label, less the mean of all where there are more"
        if opened.signature.output.shape == (1,):
            number = f"the logit of {opened.target.labels[-1]}"
    return (
        f"The Keras model, whose gradients int8 lacks, on {num_rows:,} {opened.part} rows; what is "
        f"attributed is {number}; from the mean training row (of texts: an empty one), "
        f"{NUM_STEPS} steps. The attributions of a row add up to the difference of its output from "
        f"that of the start; here they miss {missed:.2%} of it"
    )


def _attributed(opened, net, runner, places):
    """Returns port → attributions float64 like the port, of looked-up vectors summed over what was
    looked up; and how incomplete they are.
    """
    columns = opened.columns_at(places)
    inputs = net.enter(runner.prepare(columns))
    baseline = net.enter(_baseline(opened, runner))
    answers = opened.answers.take(places)
    num_outputs = opened.signature.output.shape[0]
    weights = opened.task.output_weights(answers, opened.target, num_outputs)
    attributions, difference = integrated_gradients(
        lambda between: net.gradient(between, weights),
        inputs,
        baseline,
    )
    missed = incompleteness(attributions, difference)
    return _by_port(net, attributions), missed


def _by_port(net, attributions):
    by_port: Inputs = {}
    for name, values in attributions.items():
        port = net.of_port.get(name)
        if port is None:
            by_port[name] = values
            continue
        summed = values.sum(axis=-1)
        by_port[port] = by_port.get(port, 0) + summed
    return by_port


def _baseline(opened, runner):
    """Returns the row that attributions start from, port → array [1, ...]: the mean training row,
    and of ids the first, which is padding or what is unknown.
    """
    few = some_places(len(opened.train), NUM_BASELINE_ROWS)
    columns = {}
    for column in opened.signature.columns:
        columns[column.name] = read_rows(opened.train.x[column.name], few)
    ports = runner.prepare(columns)
    start = {}
    for port in opened.signature.inputs:
        x = ports[port.name]
        if x.dtype.kind == "f":
            start[port.name] = x.mean(axis=0, keepdims=True)
        else:
            start[port.name] = np.zeros_like(x[:1])
    return start


# What is shown ------------------------------------------------------------------------------------


def _read_columns(opened, places, attributions, note):
    """Returns the mean size of each raw column's attribution."""
    by_column = _by_column(opened, places, attributions)
    found = []
    for name, values in by_column.items():
        size = float(np.abs(values).mean())
        mean = float(values.mean())
        found.append((name, size, mean))
    found.sort(key=lambda each: -each[1])
    lines = []
    names = []
    sizes = []
    for name, size, mean in found:
        names.append(shown(name))
        sizes.append(size)
        lines.append((shown(name), f"{size:.4f}", f"{mean:+.4f}"))
    return Reading(
        TITLE,
        f"The output is made most by {joined(names)}, on average over rows.",
        headings=("column", "mean size", "mean"),
        lines=tuple(lines),
        pictures=(
            bars(
                TITLE,
                names[:25],
                sizes[:25],
                "mean size of the attribution",
            ),
        ),
        note=note,
        values=found,
    )


def _by_column(opened, places, attributions):
    """Returns raw column → its attribution float64 [rows]; columns that the steps join are named
    together.
    """
    columns = opened.columns_at(places[:1])
    sources = {name: (name,) for name in columns}
    total: dict[str, np.ndarray] = {}
    for primitive in opened.signature.primitives:
        before = columns
        columns = run_primitives((primitive,), before)
        if isinstance(primitive, PackingPrimitive):
            _add_packed(
                primitive,
                before,
                sources,
                attributions,
                total,
            )
            continue
        read: list[str] = []
        for name in primitive.reads():
            read += sources[name]
        for made in primitive.makes():
            own = sources.get(made, ())
            once = dict.fromkeys([*own, *read])
            sources[made] = tuple(once)
    return total


def _add_packed(primitive, columns, sources, attributions, total):
    """Adds the attributions of a port to the raw columns that it was packed of."""
    (port,) = primitive.makes()
    values = attributions[port]
    parts = primitive.reads()
    last_axis = values.shape[-1]
    start = 0
    for part in parts:
        width = 1
        if columns[part].ndim == 2 and values.ndim == 2:
            width = columns[part].shape[1]
        if len(parts) == 1:
            width = last_axis
        own = values[..., start : start + width]
        start += width
        name = " + ".join(sources[part])
        flat = own.reshape(len(own), -1)
        total[name] = total.get(name, 0) + flat.sum(axis=1)


def _read_pictures(opened, places, attributions, note):
    port = next(port for port in opened.signature.inputs if port.is_picture)
    maps = attributions[port.name].sum(axis=-1)
    column = next(each.name for each in opened.signature.columns if each.kind == PICTURE)
    pixels = opened.columns_at(places)[column]
    names = [example_title(opened, place) for place in places]
    half = np.array([_share_of_half(each) for each in maps])
    return Reading(
        TITLE,
        f"Half of the attribution lies on {np.median(half):.0%} of the pixels, the median of "
        f"{len(places)} pictures.",
        pictures=(
            montage(
                TITLE,
                pixels,
                maps,
                names,
            ),
        ),
        note=f"{note}. Red speaks for the answer, blue against it",
        values={"rows": places.tolist(), "share_of_half": half.tolist()},
    )


def _share_of_half(values):
    """Returns the share of the places that holds half of the attribution."""
    sizes = np.sort(np.abs(values).ravel())
    largest_first = sizes[::-1]
    summed = np.cumsum(largest_first)
    below = summed < summed[-1] / 2
    return float(below.mean())


def _read_series(opened, places, attributions, note):
    by_column = _read_columns(
        opened,
        places,
        attributions,
        note,
    )
    pictures = list(by_column.pictures)
    for port in opened.signature.inputs:
        values = attributions[port.name]
        if values.ndim != 3:
            continue
        names = _packed_names(opened, port.name)
        strength = np.abs(values).mean(axis=0)
        order = np.argsort(-strength.max(axis=0))
        ordered = [names[place] for place in order]
        pictures.append(
            step_curve(
                f"{TITLE}: {port.name}",
                strength[:, order],
                ordered,
                "mean size",
            )
        )
    return replace(by_column, pictures=tuple(pictures))


def _packed_names(opened, port):
    for primitive in opened.signature.primitives:
        if primitive.makes() == (port,):
            return list(primitive.reads())
    return []


def _read_texts(opened, places, attributions, note):
    port = next((port for port in opened.signature.inputs if port.num_ids), None)
    tokens_of = _words_of(opened, places)
    if port is None or tokens_of is None:
        return _read_columns(
            opened,
            places,
            attributions,
            note,
        )
    marks = []
    for tokens, values in zip(tokens_of, attributions[port.name], strict=True):
        # Texts stand at the right end of the window.
        window = values[len(values) - len(tokens) :]
        marks += zip(tokens, window.tolist(), strict=True)
    means = mean_by_word(marks)
    words = [shown(each.word) for each in means]
    return Reading(
        TITLE,
        f"These words add most, either way: {joined(words, 5)}.",
        headings=("word", "adds on average", "times"),
        lines=tuple(each.line for each in means),
        pictures=(word_bars(TITLE, means, "mean attribution"),),
        note=f"{note}. Words that stand in these texts three times or more",
        values=[vars(each) for each in means],
    )


def _words_of(opened, places):
    """Returns the tokens in the window of each text; None if ids are no tokens of one text."""
    texts = [column.name for column in opened.signature.columns if column.kind == TEXT]
    reading = []
    for primitive in opened.signature.primitives:
        if set(primitive.reads()) & set(texts):
            reading.append(primitive)
    if len(texts) != 1 or len(reading) != 2 or not isinstance(reading[0], Words):
        return None
    column = opened.columns_at(places)[texts[0]]
    windows = []
    for text in column:
        tokens = reading[0].tokens(str(text))
        windows.append(tokens[: reading[0].window])
    return windows


_BY_KIND = {
    SERIES: _read_series,
    TEXT: _read_texts,
    PICTURE: _read_pictures,
}
