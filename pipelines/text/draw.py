"""Pictures for the report of a model of texts: how long texts are, what the vocabulary does not
hold, and which tokens moved an answer.
"""

import numpy as np

from ..device.primitives import run_primitives
from ..device.primitives.texts import Words
from ..device.runner import LiteRT, Runner, answer
from ..device.signature import Signature
from ..device.units import TOKEN_ID
from ..report.figures import BLUE, GREY, ORANGE, picture
from ..rows.sketch import DataSketch
from ..slots import Loader
from ..sources.target_column import refuse_positive
from ..tasks import task_of

NUM_MISTAKES = 10
LINE_CHARACTERS = 68
NUM_LINES = 5
NUM_SHEET_TEXTS = 6
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
    """(title, base64 PNG) of every picture: tokens a text, tokens without an id of their own, what
    augmentation makes of training texts, and of the int8 form on test rows the most confident
    mistakes with what each token did.
    """
    signature = shipped.signature
    reader = next(each for each in signature.primitives if isinstance(each, Words))
    parts = {"train": splits.train, "valid": splits.valid, "test": splits.test}
    tokens = {
        name: [reader.tokens(text) for text in rows.x[reader.column].tolist()]
        for name, rows in parts.items()
    }
    drawn = [
        (
            "Tokens a text",
            picture(_lengths([len(each) for each in tokens["train"]], reader.window)),
        ),
        (
            "Tokens without an id of their own",
            picture(_unknown(tokens, set(reader.keys)), height=2.4),
        ),
    ]
    if recipe.augment:
        drawn.append(_sheet(recipe, signature, reader, splits.train.x[reader.column]))
    target = signature.target
    answers = evaluation.answers["litert_int8"]
    mistakes = task_of(target).confident_mistakes(splits.test.y, answers, target, most=NUM_MISTAKES)
    if mistakes:
        runner = Runner(signature, LiteRT(shipped.tflite["int8"]), form="int8")
        captions = [f"{each.truth[:30]} → {each.given[:30]} {each.score:.0%}" for each in mistakes]
        texts = splits.test.x[reader.column]
        moved = [occlude(runner, reader, texts[each.row], each.output) for each in mistakes]
        read = [tokens["test"][each.row][: reader.window] for each in mistakes]
        drawn.append(_mistakes(read, moved, captions))
    return drawn


def occlude(runner: Runner, reader: Words, text: str, chosen: int) -> np.ndarray:
    """float32 [tokens]: by how much the log-odds of class `chosen` fall where each token that the
    model reads is padding instead (Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901).
    """
    signature: Signature = runner.signature
    columns = {reader.column: np.array([text], np.dtypes.StringDType())}
    reader.run(columns)
    ids = columns[reader.column]
    places = np.flatnonzero(ids[0])
    if not len(places):
        return np.zeros(0, np.float32)
    altered = np.repeat(ids, 1 + len(places), axis=0)
    altered[np.arange(1, len(altered)), places] = 0
    after = signature.primitives[signature.primitives.index(reader) + 1 :]
    made = run_primitives(after, {reader.column: altered})
    raw = runner.interpreter.run({port.name: made[port.name] for port in signature.inputs})
    values = signature.output.to_float(answer(signature, raw, form=runner.form).raw)
    if values.shape[1] == 1:
        values = values[:, 0] * (2.0 * chosen - 1)
    else:
        values = values[:, chosen]
    return values[0] - values[1:]


def _sheet(recipe, signature, reader, texts):
    """(title, base64 PNG): training texts as tokens, each with two altered forms below it."""
    few = texts[np.unique(np.linspace(0, len(texts) - 1, NUM_SHEET_TEXTS).astype(int))]
    columns = run_primitives(signature.primitives, {reader.column: few})
    ids = {port.name: columns[port.name] for port in signature.inputs}
    alter = recipe.augment[0].compose(recipe.augment, signature)
    tokens = next(port.name for port in signature.inputs if port.unit == TOKEN_ID)
    forms = [ids[tokens]] + [
        np.asarray(alter(ids, {}, np.array([recipe.training.seed, form]))[0][tokens])
        for form in range(2)
    ]
    names = dict(enumerate(reader.keys, start=1))
    title = (
        f"Training texts and, in blue, what augmentation makes of them\n({UNKNOWN}: no id "
        "of its own)"
    )

    def draw(axes):
        for place in range(len(few)):
            for form, each in enumerate(forms):
                line = " ".join(names.get(int(token), UNKNOWN) for token in each[place] if token)
                axes.text(
                    0.02 * (form > 0),
                    place * 3.6 + form,
                    shown(line[:LINE_CHARACTERS]),
                    fontsize=7,
                    va="top",
                    family="monospace",
                    parse_math=False,
                    color="black" if form == 0 else BLUE,
                )
        axes.set(xlim=(0, 1), ylim=(len(few) * 3.6, -0.5), title=title)
        axes.title.set_fontsize(9)
        axes.set_axis_off()

    return title, picture(draw, width=5.0, height=0.4 + 0.65 * len(few))


def _lengths(counts, window):
    def draw(axes):
        cut = np.mean([count > window for count in counts])
        most = int(max(np.percentile(counts, 99.5), window)) + 1
        step = -(
            -most // 60
        )  # bars of whole numbers: of others some would hold more numbers than their neighbours
        most += -most % step
        axes.hist(
            np.minimum(counts, most), bins=np.arange(0, most + step + 1, step) - 0.5, color=BLUE
        )
        axes.axvline(
            window, color=ORANGE, label=f"window: {window} tokens; {cut:.1%} of the texts are cut"
        )
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
        shares = {}
        for name, texts in tokens.items():
            every = [token for each in texts for token in each]
            if every:
                shares[name] = np.mean([token not in known for token in every])
            else:
                shares[name] = 0.0
        bars = axes.barh(list(shares)[::-1], list(shares.values())[::-1], color=[GREY, GREY, BLUE])
        axes.bar_label(
            bars, [f"{share:.2%}" for share in list(shares.values())[::-1]], padding=3, fontsize=9
        )
        axes.set(
            title="Share of tokens without an id of their own",
            xlim=(0, max(*shares.values(), 0.01) * 1.2),
        )
        axes.xaxis.set_visible(False)

    return draw


def _mistakes(texts, moved, captions):
    """(title, base64 PNG): each text's tokens in lines of one font, coloured by what they did."""
    title = (
        "The most confident mistakes: true class → predicted\norange tokens spoke for the "
        "prediction, blue against it"
    )
    lines = sum(1 + min(len(_wrapped(tokens)), NUM_LINES) for tokens in texts) + len(texts) * 0.6

    def draw(axes):
        from matplotlib.colors import to_rgba

        row = 0.0
        for tokens, values, caption in zip(texts, moved, captions, strict=True):
            axes.text(
                0, row, shown(caption), fontsize=8, fontweight="bold", va="top", parse_math=False
            )
            most = max(np.abs(values).max(initial=0), 1e-6)
            for line in _wrapped(tokens)[:NUM_LINES]:
                row += 1
                for place, column in line:
                    share = abs(values[place]) / most
                    axes.text(
                        column,
                        row,
                        shown(tokens[place][:LINE_CHARACTERS]),
                        fontsize=7,
                        family="monospace",
                        va="top",
                        parse_math=False,
                        bbox={
                            "facecolor": to_rgba(
                                ORANGE if values[place] > 0 else BLUE, 0.75 * share
                            ),
                            "linewidth": 0,
                            "pad": 1.2,
                        },
                    )
            row += 1.6
        axes.set(xlim=(0, LINE_CHARACTERS), ylim=(lines + 0.5, -0.3), title=title)
        axes.title.set_fontsize(9)
        axes.set_axis_off()

    return title, picture(draw, width=5.0, height=0.5 + lines * 0.19)


def shown(text: str) -> str:
    """The text with a box for each character that the font of the pictures does not have."""
    from matplotlib import font_manager

    known = font_manager.get_font(font_manager.findfont("DejaVu Sans Mono")).get_charmap()
    return "".join(letter if ord(letter) in known else UNKNOWN for letter in text)


def _wrapped(tokens):
    """Lines of (place of the token, column where it starts)."""
    lines = [[]]
    column = 0
    for place, token in enumerate(tokens):
        if column + len(token) > LINE_CHARACTERS and lines[-1]:
            lines.append([])
            column = 0
        lines[-1].append((place, column))
        column += len(token) + 1
    return lines
