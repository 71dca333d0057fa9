"""Pictures for the report of a model of pictures: what augmentation does, the most confident
mistakes, and where the net looked (Grad-CAM).
"""

import numpy as np

from ..report.figures import drawable, picture
from ..rows.columns import read_rows
from ..rows.sketch import DataSketch
from ..slots import Loader
from ..sources.target_column import refuse_positive
from ..tasks import task_of
from .augment import sheet

NUM_SHEET_ROWS = 6
NUM_MISTAKES = 24
NUM_CAMS = 12
COLUMNS = 6


class PictureLoader(Loader):
    """What every way to load pictures has in common: how they are drawn in the report."""

    positive: str

    def suits(self, sketch: DataSketch) -> str:
        """Returns why a knob would have no effect, or ""."""
        return refuse_positive(self.positive, sketch)

    def has_label_sets(self) -> bool:
        """Whether a picture has several labels, so that no accuracy of classes can decide."""
        return False

    def draw(self, recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
        """(title, base64 PNG) of what only pictures have: see `draw_pictures`."""
        return draw_pictures(recipe, splits, shipped, evaluation)


def draw_pictures(recipe, splits, shipped, evaluation) -> list[tuple[str, str]]:
    """(title, base64 PNG) of every picture: augmented training pictures next to their originals,
    and of the int8 form on test rows the most confident mistakes, some of them with Grad-CAM.
    """
    name = shipped.signature.columns[0].name
    drawn = []
    if recipe.augment:
        drawn.append(_altered_pictures(recipe, splits.train.x[name]))
    target = shipped.signature.target
    answers = evaluation.answers["litert_int8"]
    mistakes = task_of(target).confident_mistakes(
        splits.test.y,
        answers,
        target,
        most=NUM_MISTAKES,
    )
    if not mistakes:
        return drawn
    wrong = np.array([mistake.row for mistake in mistakes])
    pixels = read_rows(splits.test.x[name], wrong)
    captions = [
        f"{_short(mistake.truth)}\n→ {_short(mistake.given)} {mistake.score:.0%}"
        for mistake in mistakes
    ]
    outputs = np.array([mistake.output for mistake in mistakes])
    drawn.append(
        _tiles(
            "The most confident mistakes on test pictures: true class → predicted, with its score",
            pixels,
            captions,
            columns=COLUMNS,
        )
    )
    maps = None
    if not task_of(target).embeds:  # whose outputs are no classes
        maps = grad_cam(shipped.trained.model, pixels[:NUM_CAMS], outputs[:NUM_CAMS])
    if maps is not None:
        drawn.append(
            _tiles(
                "Grad-CAM: where the predicted class comes from (bright)",
                overlay(pixels[:NUM_CAMS], maps),
                captions[:NUM_CAMS],
                columns=COLUMNS,
            )
        )
    return drawn


def _altered_pictures(recipe, pictures):
    """The sheet of a few training pictures, each with altered forms of it."""
    few = np.unique(np.linspace(0, len(pictures) - 1, NUM_SHEET_ROWS).astype(int))
    altered = sheet(recipe.augment, read_rows(pictures, few), seed=recipe.training.seed)
    num_columns = altered.shape[1]
    titles = ["original", *["altered"] * (num_columns - 1)]
    titles += [""] * (num_columns * (len(few) - 1))
    return _tiles(
        "Training pictures and what augmentation makes of them",
        altered.reshape(-1, *altered.shape[2:]),
        titles,
        columns=num_columns,
    )


def _short(label):
    if len(label) <= 14:
        return drawable(label, 14)
    return f"{drawable(label, 13)}…"


def grad_cam(model, pixels: np.ndarray, classes: np.ndarray) -> np.ndarray | None:
    """float32 [rows, h, w] 0..1: how much each place of the net's last feature map speaks for the
    class int [rows]; None for a net that does not end by averaging a map.

    pixels: uint8 [rows, height, width, channels]. Selvaraju et al. 2017,
    https://arxiv.org/abs/1610.02391.
    """
    import keras
    import tensorflow as tf

    averages = [
        layer
        for layer in model.layers
        if isinstance(
            layer,
            keras.layers.GlobalAveragePooling2D,
        )
    ]
    if not averages:
        return None
    last_map = averages[-1].input
    before = keras.Model(model.inputs[0], last_map)
    after = keras.Model(last_map, model.output)
    inputs = pixels.astype(np.float32)
    features = tf.convert_to_tensor(before(inputs, training=False))
    with tf.GradientTape() as tape:
        tape.watch(features)
        logits = after(features)
        if logits.shape[1] == 1:
            sign = 2.0 * classes - 1
            chosen = logits[:, 0] * sign
        else:
            chosen = tf.gather(logits, classes.astype(np.int64), batch_dims=1)
    gradient = tape.gradient(chosen, features)
    weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
    weighted_sum = tf.reduce_sum(weights * features, axis=-1)
    maps = tf.nn.relu(weighted_sum).numpy()
    largest = maps.max(axis=(1, 2), keepdims=True)
    return maps / np.maximum(largest, 1e-12)


def overlay(pixels: np.ndarray, maps: np.ndarray) -> np.ndarray:
    """Returns grey pictures with the maps, enlarged to their size, in colour over them.

    Args:
        pixels: uint8 [rows, height, width, channels].
        maps: float32 [rows, h, w], 0 to 1.

    Returns:
        uint8 [rows, height, width, 3].
    """
    from matplotlib import colormaps

    height, width = pixels.shape[1:3]
    grey = pixels.astype(np.float32).mean(axis=-1)
    enlarged = []
    for each in maps:
        levels = np.uint8(each * 255)
        enlarged.append(enlarge(levels, height, width))
    colours = colormaps["inferno"](np.stack(enlarged))
    heat = colours[..., :3] * 255
    return np.uint8(0.45 * grey[..., None] + 0.55 * heat)


def enlarge(array: np.ndarray, height: int, width: int) -> np.ndarray:
    """Returns a map uint8 [h, w] as uint8 [height, width]."""
    from PIL import Image

    image = Image.fromarray(array)
    large = image.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(large)


def _tiles(title, pixels, captions, *, columns):
    """Returns a title and a base64 PNG of pictures [n, height, width, channels] in rows of
    `columns`, each over its caption.
    """
    num_rows = -(-len(pixels) // columns)
    bottom = 0.84  # of a picture, as a share of its row
    row_height = 1.12  # as a share of a column's width
    if any("\n" in caption for caption in captions):
        bottom = 0.74
        row_height = 1.25

    def draw(axes):
        for place, (tile, caption) in enumerate(zip(pixels, captions, strict=True)):
            row, column = divmod(place, columns)
            if tile.shape[-1] == 1:
                tile = tile[..., 0]
            axes.imshow(
                tile,
                cmap="gray",
                vmin=0,
                vmax=255,
                aspect="auto",
                interpolation="nearest",
                extent=(column + 0.04, column + 0.96, row + bottom, row),
            )
            axes.text(
                column + 0.5,
                row + bottom + 0.02,
                caption,
                ha="center",
                va="top",
                fontsize=7,
            )
        axes.set(xlim=(0, columns), ylim=(num_rows, 0), title=title)
        axes.title.set_fontsize(10)
        axes.set_axis_off()

    width = 7.4
    column_width = width / columns
    return title, picture(
        draw,
        width=width,
        height=0.5 + num_rows * column_width * row_height,
    )
