"""What a decoder with attention reads of a text, for each character of the answer."""

import numpy as np

from ...device.cells import TEXT
from ...device.primitives.texts import Words
from ...device.runner import Runner
from ...report.figures import BLUE, Picture
from ...text.attention import LOGITS, SHARES
from ...text.draw import shown
from ...training.keras_file import read_keras
from ...verify.keras_interpreter import KerasInterpreter
from .opened import OpenedBundle
from .reading import NotRead, Reading

TITLE = "Attention"
NUM_TEXTS = 6
MOST_ROWS = 200
_COLUMNS = 2


def read_attention(opened: OpenedBundle) -> Reading | NotRead:
    """Draws which characters of a text each character of the answer is read from."""
    if not opened.task.spells:
        return NotRead(TITLE, "it is of answers that are spelled")
    model = read_keras(opened.folder)
    names = {layer.name for layer in model.layers}
    reads_all = {SHARES, LOGITS} <= names and "member1_shares" not in names
    is_stepwise = SHARES in names and opened.target.beam > 0
    if not reads_all and not is_stepwise:
        return NotRead(TITLE, "the net is no decoder with attention, of one member")
    places = opened.places(MOST_ROWS)
    tokens = _tokens_of(opened, places)
    maps = _read_maps(opened, model, places)
    few = places[:: max(len(places) // NUM_TEXTS, 1)][:NUM_TEXTS]
    drawn = np.flatnonzero(np.isin(places, few))
    panels = [_panel(tokens[row], opened, places[row], maps[row]) for row in drawn]
    largest = maps.max(axis=2)
    return Reading(
        TITLE,
        f"A character of the answer reads {np.median(largest):.0%} of what it reads at one place "
        f"of the text, the median over {len(places)} texts.",
        headings=("place of the answer", "share at the place read most"),
        lines=_lines(largest),
        pictures=(_picture(panels),),
        note=f"The Keras model. {_note(opened)}; it shows what is read, not why it is answered "
        "(see occlusion)",
        values={"rows": places.tolist(), "largest": largest.tolist()},
    )


def _note(opened):
    """Returns how the attention of a character is known."""
    if opened.target.beam:
        return "The attention from which each character is answered, with those before it known"
    return (
        "The attention of each query, weighted by how much the last layer counts what it read for "
        "that character (the squared norm of the weights)"
    )


def attention_by_character(shares: np.ndarray, kernel: np.ndarray, num_places: int) -> np.ndarray:
    """Returns what is read for each character of the answer, float64 [rows, places, tokens], each
    line summing to 1.

    Args:
        shares: Attention, float32 [rows, queries, tokens].
        kernel: Of the last layer, float32 [queries * width, places * choices].
        num_places: Characters of an answer.
    """
    num_queries = shares.shape[1]
    blocks = kernel.reshape(num_queries, -1, num_places, kernel.shape[1] // num_places)
    strength = np.square(blocks.astype(np.float64)).sum(axis=(1, 3))
    weights = strength / strength.sum(axis=0)
    return np.einsum("qp,rqt->rpt", weights, shares.astype(np.float64))


def _read_maps(opened, model, places):
    """Returns what is read for each character of some rows, [rows, places, tokens]."""
    import keras

    runner = Runner(opened.signature, KerasInterpreter(model), form="float32")
    _, found = runner.run(runner.prepared(opened.columns_at(places)))
    inputs = runner.quantize(found)
    reading = keras.Model(model.inputs, model.get_layer(SHARES).output)
    shares = np.asarray(reading(inputs))
    if opened.target.beam:
        return shares.astype(np.float64)
    kernel = model.get_layer(LOGITS).get_weights()[0]
    return attention_by_character(
        shares,
        kernel,
        opened.target.positions,
    )


def _tokens_of(opened, places):
    """Returns the tokens of each text that the model reads."""
    readers = [each for each in opened.signature.primitives if isinstance(each, Words)]
    column = next(each.name for each in opened.signature.columns if each.kind == TEXT)
    found = []
    for text in opened.columns_at(places)[column].tolist():
        tokens = readers[0].tokens(text)
        found.append(tokens[: readers[0].window])
    return found


def _panel(tokens, opened, place, values):
    """Returns tokens, the characters of the answer, and the map of one text."""
    answer = str(opened.answers.given()[place])
    own = values[: len(answer), values.shape[1] - len(tokens) :]
    return tokens, answer, own


def _lines(largest):
    lines = []
    for place, share in enumerate(np.median(largest, axis=0), start=1):
        lines.append((str(place), f"{share:.2f}"))
    return tuple(lines)


def _picture(panels):
    """Returns the maps below each other, two in a line."""
    from matplotlib.colors import LinearSegmentedColormap

    colors = LinearSegmentedColormap.from_list("reads", ["white", BLUE])

    def draw(axes):
        axes.set_axis_off()
        num_lines = -(-len(panels) // _COLUMNS)
        for number, panel in enumerate(panels):
            line, column = divmod(number, _COLUMNS)
            left = column / _COLUMNS + 0.03
            bottom = 1 - (line + 0.85) / num_lines
            size = (0.9 / _COLUMNS, 0.72 / num_lines)
            _draw_panel(axes.inset_axes((left, bottom, *size)), panel, colors)

    height = 2.3 * -(-len(panels) // _COLUMNS)
    return Picture(
        TITLE,
        draw,
        width=7.4,
        height=height,
    )


def _draw_panel(axes, panel, colors):
    tokens, answer, values = panel
    axes.imshow(
        values,
        cmap=colors,
        vmin=0,
        vmax=1,
        aspect="auto",
    )
    axes.set_xticks(range(len(tokens)), [shown(token) for token in tokens], fontsize=6)
    axes.set_yticks(range(len(answer)), list(answer), fontsize=6)
    axes.tick_params(length=0)
