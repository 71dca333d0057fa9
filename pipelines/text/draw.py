"""Pictures for the report of a model of texts: how long texts are, what the vocabulary does not
hold, and which tokens moved an answer.
"""

import numpy as np

from ..device.primitives import run_primitives
from ..device.primitives.texts import Words
from ..device.runner import LiteRT, Runner, answer
from ..device.signature import Signature
from ..report.figures import BLUE, GREY, ORANGE, picture
from ..rows.sketch import DataSketch
from ..slots import Loader
from ..sources.target_column import refuse_positive
from ..tasks import task_of
from .augment import token_port_name

NUM_MISTAKES = 10
LINE_CHARACTERS = 68
NUM_LINES = 5
NUM_SHEET_TEXTS = 6
NUM_FORMS = 2
MAX_BARS = 60
TEXT_HEIGHT = 3.6  # in lines, of a text and its altered forms
CAPTION_HEIGHT = 1.6  # in lines
UNKNOWN = "\u25a1"


class TextLoader(Loader):
    """What every way to load texts has in common: how they are drawn in the report."""

    positive: str

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a knob would have no effect, or ""."""
        return refuse_positive(self.positive, sketch)

    def draw(self, recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
        """(title, base64 PNG) of what only texts have: see `draw_texts`."""
        return draw_texts(recipe, splits, shipped, evaluation)


def draw_texts(recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
    """Draws what only texts have, of the int8 form on test rows.

    Returns:
        Title and base64 PNG of every picture: tokens a text, tokens without an id of their own,
        what augmentation makes of training texts, and the most confident mistakes with what each
        token did.
    """
    signature = shipped.signature
    reader = _reader_of(signature)
    train = splits.train.x[reader.column]
    valid = splits.valid.x[reader.column]
    test = splits.test.x[reader.column]
    tokens = {
        "train": _tokens_of(reader, train),
        "valid": _tokens_of(reader, valid),
        "test": _tokens_of(reader, test),
    }
    lengths = [len(each) for each in tokens["train"]]
    known = set(reader.keys)
    drawn = [
        ("Tokens a text", picture(_lengths(lengths, reader.window))),
        ("Tokens without an id of their own", picture(_unknown(tokens, known), height=2.4)),
    ]
    if recipe.augment:
        drawn.append(_sheet(recipe, signature, reader, train))
    target = signature.target
    answers = evaluation.answers["litert_int8"]
    mistakes = task_of(target).confident_mistakes(
        splits.test.y,
        answers,
        target,
        most=NUM_MISTAKES,
    )
    if not mistakes:
        return drawn
    runner = Runner(signature, LiteRT(shipped.tflite["int8"]), form="int8")
    texts = []
    moved = []
    captions = []
    for mistake in mistakes:
        row = mistake.row
        texts.append(tokens["test"][row][: reader.window])
        moved.append(occlude(runner, reader, test[row], mistake.output))
        captions.append(f"{mistake.truth[:30]} → {mistake.given[:30]} {mistake.score:.0%}")
    drawn.append(_mistakes(texts, moved, captions))
    return drawn


def _reader_of(signature):
    """Returns the primitive that turns texts into ids of tokens."""
    for primitive in signature.primitives:
        if isinstance(primitive, Words):
            return primitive
    raise LookupError("no primitive reads texts")


def _tokens_of(reader, texts):
    return [reader.tokens(text) for text in texts.tolist()]


def occlude(runner: Runner, reader: Words, text: str, chosen: int) -> np.ndarray:
    """Measures what each token did, by hiding it (Zeiler and Fergus 2014,
    https://arxiv.org/abs/1311.2901).

    Args:
        runner: Of the model.
        reader: The primitive that turns texts into ids of tokens.
        text: A text.
        chosen: The place of a class.

    Returns:
        By how much the log-odds of the class fall if padding stands instead of a token that the
        model reads, float32 [tokens].
    """
    signature: Signature = runner.signature
    columns = {reader.column: np.array([text], np.dtypes.StringDType())}
    reader.run(columns)
    ids = columns[reader.column]
    places = np.flatnonzero(ids[0])
    num_tokens = len(places)
    if not num_tokens:
        return np.zeros(0, np.float32)
    altered = np.repeat(ids, 1 + num_tokens, axis=0)  # the first stays whole
    hidden_rows = np.arange(1, 1 + num_tokens)
    altered[hidden_rows, places] = 0
    first_after = signature.primitives.index(reader) + 1
    after = signature.primitives[first_after:]
    made = run_primitives(after, {reader.column: altered})
    ports = {port.name: made[port.name] for port in signature.inputs}
    raw = runner.interpreter.run(ports)
    answers = answer(signature, raw, form=runner.form)
    logits = signature.output.to_float(answers.raw)
    if task_of(signature.target).embeds:
        logits = np.log(np.maximum(answers.scores, 1e-12))
    if logits.shape[1] == 1:
        sign = 2.0 * chosen - 1
        values = logits[:, 0] * sign
    else:
        values = logits[:, chosen]
    return values[0] - values[1:]


def _sheet(recipe, signature, reader, texts):
    """Returns a title and a base64 PNG: training texts as tokens, each with altered forms below
    it.
    """
    places = np.linspace(0, len(texts) - 1, NUM_SHEET_TEXTS)
    few = texts[np.unique(places.astype(int))]
    columns = run_primitives(signature.primitives, {reader.column: few})
    ids = {port.name: columns[port.name] for port in signature.inputs if port.name in columns}
    forms = _forms(recipe, signature, ids)
    names = dict(enumerate(reader.keys, start=1))
    title = (
        f"Training texts and, in blue, what augmentation makes of them\n({UNKNOWN}: no id "
        "of its own)"
    )

    def draw(axes):
        for place in range(len(few)):
            for form, of_texts in enumerate(forms):
                tokens = [token for token in of_texts[place] if token]
                line = " ".join(names.get(int(token), UNKNOWN) for token in tokens)
                indent = 0.0
                color = "black"
                if form > 0:
                    indent = 0.02
                    color = BLUE
                axes.text(
                    indent,
                    place * TEXT_HEIGHT + form,
                    shown(line[:LINE_CHARACTERS]),
                    fontsize=7,
                    va="top",
                    family="monospace",
                    parse_math=False,
                    color=color,
                )
        axes.set(xlim=(0, 1), ylim=(len(few) * TEXT_HEIGHT, -0.5), title=title)
        axes.title.set_fontsize(9)
        axes.set_axis_off()

    return title, picture(draw, width=5.0, height=0.4 + 0.65 * len(few))


def _forms(recipe, signature, ids):
    """Returns the ids of texts as they are, and those of their altered forms."""
    alter = recipe.augment[0].compose(recipe.augment, signature)
    name = token_port_name(signature)
    forms = [ids[name]]
    for form in range(NUM_FORMS):
        seed = np.array([recipe.training.seed, form])
        columns, _ = alter(ids, {}, seed)
        forms.append(np.asarray(columns[name]))
    return forms


def _lengths(counts, window):
    def draw(axes):
        share_cut = np.mean([count > window for count in counts])
        most = int(max(np.percentile(counts, 99.5), window)) + 1
        # Bars of whole numbers: of others some would hold more numbers than their neighbours.
        step = -(-most // MAX_BARS)
        most += -most % step
        edges = np.arange(0, most + step + 1, step) - 0.5
        axes.hist(np.minimum(counts, most), bins=edges, color=BLUE)
        label = f"window: {window} tokens; {share_cut:.1%} of the texts are cut"
        axes.axvline(window, color=ORANGE, label=label)
        axes.set(
            xlabel=f"tokens (last bar: {most} and more)",
            ylabel="training texts",
            title="Tokens a text",
        )
        axes.set_ylim(top=1.15 * axes.get_ylim()[1])  # room for the legend
        axes.legend(fontsize=8, framealpha=1, edgecolor="none", loc="upper right")

    return draw


def _unknown(tokens, known):
    def draw(axes):
        names = list(reversed(tokens))  # bars are drawn from below
        shares = [_share_unknown(tokens[name], known) for name in names]
        bars = axes.barh(names, shares, color=[GREY, GREY, BLUE])
        labels = [f"{share:.2%}" for share in shares]
        axes.bar_label(bars, labels, padding=3, fontsize=9)
        longest = max(*shares, 0.01)
        axes.set(
            title="Share of tokens without an id of their own",
            xlim=(0, longest * 1.2),
        )
        axes.xaxis.set_visible(False)

    return draw


def _share_unknown(texts, known):
    num_tokens = 0
    num_unknown = 0
    for tokens in texts:
        num_tokens += len(tokens)
        num_unknown += sum(token not in known for token in tokens)
    return num_unknown / max(num_tokens, 1)


def _mistakes(texts, moved, captions):
    """Returns a title and a base64 PNG: each text's tokens in lines of one font, coloured by what
    they did.
    """
    title = (
        "The most confident mistakes: true class → predicted\norange tokens spoke for the "
        "prediction, blue against it"
    )
    shown_lines = [_wrapped(tokens)[:NUM_LINES] for tokens in texts]
    num_lines = sum(len(lines) for lines in shown_lines)
    height = num_lines + CAPTION_HEIGHT * len(texts)

    def draw(axes):
        row = 0.0
        for number, caption in enumerate(captions):
            axes.text(
                0, row, shown(caption), fontsize=8, fontweight="bold", va="top", parse_math=False
            )
            values = moved[number]
            most = max(np.abs(values).max(initial=0), 1e-6)
            for line in shown_lines[number]:
                row += 1
                for place, column in line:
                    token = texts[number][place]
                    _draw_token(axes, column, row, token, values[place] / most)
            row += CAPTION_HEIGHT
        axes.set(xlim=(0, LINE_CHARACTERS), ylim=(height + 0.5, -0.3), title=title)
        axes.title.set_fontsize(9)
        axes.set_axis_off()

    return title, picture(draw, width=5.0, height=0.5 + height * 0.19)


def _draw_token(axes, column, row, token, share):
    """Draws a token on a colour as strong as what it did, -1 (against) to 1 (for)."""
    from matplotlib.colors import to_rgba

    color = BLUE
    if share > 0:
        color = ORANGE
    axes.text(
        column,
        row,
        shown(token[:LINE_CHARACTERS]),
        fontsize=7,
        family="monospace",
        va="top",
        parse_math=False,
        bbox={
            "facecolor": to_rgba(color, 0.75 * abs(share)),
            "linewidth": 0,
            "pad": 1.2,
        },
    )


def shown(text: str) -> str:
    """Returns the text with a box for each character that the font of the pictures lacks."""
    from matplotlib import font_manager

    path = font_manager.findfont("DejaVu Sans Mono")
    known = font_manager.get_font(path).get_charmap()
    return "".join(letter if ord(letter) in known else UNKNOWN for letter in text)


def _wrapped(tokens):
    """Returns lines of places of tokens, each with the column where it starts."""
    lines = [[]]
    column = 0
    for place, token in enumerate(tokens):
        if column + len(token) > LINE_CHARACTERS and lines[-1]:
            lines.append([])
            column = 0
        lines[-1].append((place, column))
        column += len(token) + 1
    return lines
