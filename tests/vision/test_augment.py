"""Every augmentation: altered pictures in the same shape and range, the same bits for the same
seed.
"""

import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import RecipeError
from pipelines.spec import check_knobs
from pipelines.vision import augment, rand_operations
from pipelines.vision.augment import (
    STANDARD,
    AugmentBrightness,
    AugmentContrast,
    AugmentCrop,
    AugmentCutMix,
    AugmentErasing,
    AugmentFlip,
    AugmentHue,
    AugmentMixUp,
    AugmentNoise,
    AugmentRand,
    AugmentRotation,
    AugmentTranslation,
    AugmentZoom,
    sheet,
)
from pipelines.vision.augment_layers import augmenter, check_augment

MIXING = (AugmentMixUp(), AugmentCutMix())
EVERY = (
    AugmentFlip(),
    AugmentRotation(),
    AugmentTranslation(),
    AugmentZoom(),
    AugmentCrop(),
    AugmentBrightness(),
    AugmentContrast(),
    AugmentHue(),
    AugmentNoise(),
    AugmentErasing(),
    AugmentRand(num_ops=1),
    *MIXING,
)
STILL = (
    AugmentRotation(0),
    AugmentTranslation(0),
    AugmentZoom(0),
    AugmentBrightness(0),
    AugmentContrast(0),
    AugmentHue(0),
    AugmentNoise(0),
    AugmentErasing(share=0),
    AugmentErasing(rate=0),
)
ROWS = 32
CLASSES = 5


def named(spec):
    return type(spec).__name__


@pytest.fixture(scope="module", autouse=True)
def _determinism():
    tf.config.experimental.enable_op_determinism()


@pytest.fixture(scope="module")
def emoji():
    """uint8 [32, 32, 32, 3], real pictures."""
    with np.load("data/emoji_32.npz") as arrays:
        return arrays["X"][::59][:ROWS]


def one_hot(rows=ROWS):
    hot = np.eye(CLASSES, dtype=np.float32)[np.arange(rows) % CLASSES]
    return {"members": hot, "logits": hot}


def altered(specs, pixels, *, seed=(3, 0), labels=None):
    """Once, eagerly: (pixels, labels) as arrays."""
    alter = augmenter(specs, pixels.shape[1:])
    return tf.nest.map_structure(
        np.asarray,
        alter(tf.constant(pixels), labels or one_hot(len(pixels)), tf.constant(seed, tf.int64)),
    )


def fed(alter, pixels, labels, *, num_threads, num_batches=3):
    """As the feed does: batches of a tf.data map whose seed is the number of the batch."""
    batches = tf.data.Dataset.range(num_batches).map(
        lambda number: alter(
            tf.constant(pixels), labels, tf.stack([tf.constant(3, tf.int64), number])
        ),
        num_parallel_calls=num_threads,
    )
    assert batches.element_spec[0] == tf.TensorSpec(pixels.shape, tf.float32)
    return list(batches.as_numpy_iterator())


def check_stateless(graph):
    """No variable and no random operation with a state, which would put tf.data's map on one
    thread.
    """
    kinds = {operation.type for operation in graph.get_operations()}
    assert not graph.variables
    assert not {
        kind for kind in kinds if "Random" in kind and "Stateless" not in kind or "Variable" in kind
    }


@pytest.mark.parametrize(
    "spec", [*EVERY, STANDARD], ids=lambda each: "STANDARD" if each is STANDARD else named(each)
)
def test_contract(spec, emoji):
    if spec is STANDARD:
        specs = spec
    else:
        specs = (spec,)
    alter = augmenter(specs, emoji.shape[1:])
    labels = one_hot()
    one = fed(alter, emoji, labels, num_threads=1)
    four = fed(alter, emoji, labels, num_threads=4)
    tf.nest.map_structure(np.testing.assert_array_equal, one, four)
    given = tf.nest.map_structure(tf.constant, (emoji, labels, np.array([3, 1])))
    traced = tf.function(augmenter(specs, emoji.shape[1:])).get_concrete_function(
        *given
    )  # other layers
    tf.nest.map_structure(np.testing.assert_array_equal, tuple(one[1]), tuple(traced(*given)))
    check_stateless(traced.graph)

    pixels, mixed = one[0]
    assert pixels.shape == emoji.shape and pixels.dtype == np.float32
    assert 0 <= pixels.min() and pixels.max() <= 255
    assert (pixels != emoji).any() and (one[1][0] != pixels).any()  # another seed, other pictures
    np.testing.assert_array_equal(mixed["members"], mixed["logits"])
    if spec in MIXING:
        np.testing.assert_allclose(mixed["members"].sum(axis=1), 1, atol=1e-5)
        assert mixed["members"].min() >= 0
    else:
        np.testing.assert_array_equal(mixed["members"], labels["members"])
    check_augment(specs, emoji.shape[1:])
    for each in specs:
        check_knobs(each)


@pytest.mark.parametrize("spec", EVERY, ids=named)
def test_every_picture_gets_its_own_draw(spec, emoji):
    colours = np.repeat(emoji[:1], ROWS, axis=0)
    if spec in MIXING:
        colours[1::2] = emoji[1]
    forms, _ = altered((spec,), colours)
    assert len({form.tobytes() for form in forms}) >= (2 if isinstance(spec, AugmentFlip) else 8)


def test_making_one_draws_nothing_from_the_global_seed():
    """An augmented run starts from the same weights as a plain one."""
    draws = []
    for specs in ((), EVERY):
        keras.utils.set_random_seed(0)
        augmenter(specs, (32, 32, 3))
        draws.append(np.asarray(keras.random.normal((4,))))
    np.testing.assert_array_equal(*draws)


@pytest.mark.parametrize("spec", STILL, ids=named)
def test_strength_zero_changes_nothing(spec, emoji):
    pixels, _ = altered((spec,), emoji)
    np.testing.assert_allclose(pixels, emoji, atol=1e-3)


def test_without_specs_a_picture_is_only_cast(emoji):
    pixels, labels = altered((), emoji)
    np.testing.assert_array_equal(pixels, emoji.astype(np.float32))
    np.testing.assert_array_equal(labels["logits"], one_hot()["logits"])


@pytest.mark.parametrize(
    "spec, axes",
    [(AugmentFlip(), (2,)), (AugmentFlip(False, True), (1,)), (AugmentFlip(True, True), (1, 2))],
)
def test_flip_mirrors(spec, axes, emoji):
    pixels, _ = altered((spec,), emoji)
    mirrored = [emoji, np.flip(emoji, axes[0])]
    if len(axes) > 1:
        mirrored += [np.flip(each, axes[1]) for each in mirrored]
    matches = np.array([(pixels == each).all(axis=(1, 2, 3)) for each in mirrored])
    assert matches.any(axis=0).all() and matches.any(axis=1).all()


def spot(rows=ROWS, side=33):
    """One bright pixel in the middle of black pictures."""
    pixels = np.zeros((rows, side, side, 1), np.uint8)
    pixels[:, side // 2, side // 2] = 255
    return pixels


def spot_at(pixels):
    """float [rows, 2]: the centre of brightness, from the middle, in pixels."""
    places = np.arange(pixels.shape[1]) - pixels.shape[1] // 2
    mass = pixels[..., 0].sum(axis=(1, 2))
    return (
        np.stack(
            [
                (pixels[..., 0].sum(axis=2) * places).sum(axis=1),
                (pixels[..., 0].sum(axis=1) * places).sum(axis=1),
            ],
            axis=1,
        )
        / mass[:, None]
    )


def test_translation_and_crop_move():
    for spec, furthest in (
        (AugmentTranslation(0.2), 0.2 * 33),
        (AugmentCrop(6), 6),
        (AugmentCrop(6, True), 6),
    ):
        at = spot_at(altered((spec,), spot())[0])
        assert (np.abs(at).max(axis=0) <= furthest + 1e-3).all() and (
            np.abs(at).max(axis=0) > furthest / 2
        ).all()
        assert (at.min(axis=0) < 0).all() and (at.max(axis=0) > 0).all()
        assert abs(np.corrcoef(at.T)[0, 1]) < 0.6  # down and across are drawn apart


def test_crop_copies_pixels_and_fills_as_told(emoji):
    zeros, _ = altered((AugmentCrop(4),), emoji)
    reflected, _ = altered((AugmentCrop(4, reflect=True),), emoji)
    for row in range(ROWS):
        for cut, mode in ((zeros, "constant"), (reflected, "reflect")):
            padded = np.pad(emoji[row], ((4, 4), (4, 4), (0, 0)), mode)
            assert any(
                (cut[row] == padded[down : down + 32, across : across + 32]).all()
                for down in range(9)
                for across in range(9)
            )


def test_rotation_turns_and_zoom_scales():
    pixels = np.zeros((ROWS, 41, 41, 1), np.uint8)
    pixels[:, 18:23, 4:9] = pixels[:, 18:23, 32:37] = (
        255  # two squares, left and right of the middle
    )
    turned, _ = altered((AugmentRotation(45),), pixels)
    down, across = spot_at(turned * (np.arange(41) > 20)[None, None, :, None]).T
    angles = np.degrees(np.arctan2(down, across))
    assert np.abs(angles).max() <= 46 and angles.max() > 20 and angles.min() < -20
    zoomed, _ = altered((AugmentZoom(0.3),), pixels)
    radii = spot_at(zoomed * (np.arange(41) > 20)[None, None, :, None])[:, 1] / 14
    assert radii.min() < 0.9 and radii.max() > 1.1 and 0.65 < radii.min() and radii.max() < 1.5


def test_colours(emoji):
    grey = np.full_like(emoji, 100)
    brighter = altered((AugmentBrightness(0.3),), grey)[0].mean(axis=(1, 2, 3)) - 100
    assert (
        brighter.max() > 40 and brighter.min() < -40 and np.abs(brighter).max() <= 0.3 * 255 + 1e-3
    )
    halves = grey.copy()
    halves[:, :16] = 140
    spread = np.ptp(altered((AugmentContrast(0.5),), halves)[0], axis=(1, 2, 3)) / 40
    assert 0.5 <= spread.min() < 0.8 and 1.2 < spread.max() <= 1.5
    turned, _ = altered((AugmentHue(0.5),), emoji)
    np.testing.assert_allclose(
        turned.max(axis=-1), emoji.max(axis=-1), atol=0.1
    )  # the value of a colour stays
    assert np.abs(turned - emoji).mean() > 5


def test_noise_has_its_deviation():
    pixels = np.full((ROWS, 32, 32, 3), 128, np.uint8)
    noisy, _ = altered((AugmentNoise(8),), pixels)
    assert abs(noisy.std() - 8) < 0.2 and abs(noisy.mean() - 128) < 0.2


def test_erasing_leaves_the_rest_untouched(emoji):
    pixels, _ = altered((AugmentErasing(share=0.25, rate=1.0),), np.where(emoji == 127, 126, emoji))
    gone = (pixels == augment.MID_GREY).all(axis=-1)
    np.testing.assert_array_equal(pixels[~gone], np.where(emoji == 127, 126, emoji)[~gone])
    for each in gone:
        down, across = np.nonzero(each)
        assert each.sum() == (np.ptp(down) + 1) * (np.ptp(across) + 1)  # one rectangle
        assert each.mean() <= 0.25 + 2 * 32 / 32**2
    half = altered((AugmentErasing(rate=0.5),), emoji)[0]
    assert 6 <= (half != emoji).any(axis=(1, 2, 3)).sum() <= 26


def test_rand_is_as_strong_as_its_magnitude(emoji):
    weak, strong = (
        np.abs(altered((AugmentRand(1, magnitude),), emoji)[0] - emoji).mean(axis=(1, 2, 3))
        for magnitude in (0.05, 1.0)
    )
    assert np.median(weak) < np.median(strong)
    still, _ = altered(
        (AugmentRand(1, 0),), emoji
    )  # but for the two operations that have no magnitude
    assert (np.abs(still - emoji).max(axis=(1, 2, 3)) < 1e-3).mean() > 0.5


def test_rand_evens_out_each_picture_alone():
    """Keras' Equalization makes one histogram of all pictures that it is given."""
    dark = np.zeros((1, 16, 16, 1), np.float32)
    bright = np.full((1, 16, 16, 1), 200, np.float32)
    dark[:, ::2], bright[:, ::2] = 10, 210
    equalize = rand_operations.rand_operations(0.5)[-1]
    pixels, _ = equalize(tf.constant(np.concatenate([dark, bright])), {}, tf.constant([0, 0]))
    np.testing.assert_array_equal(
        pixels[0], equalize(tf.constant(dark), {}, tf.constant([0, 0]))[0][0]
    )
    assert np.ptp(pixels[0]) == np.ptp(pixels[1]) == 255


def test_mixup_blends_pictures_as_labels():
    pixels = np.repeat(np.arange(ROWS, dtype=np.uint8) % CLASSES * 40, 16 * 16).reshape(
        ROWS, 16, 16, 1
    )
    blended, labels = altered((AugmentMixUp(1.0),), pixels)
    np.testing.assert_allclose(
        blended.mean(axis=(1, 2, 3)), labels["logits"] @ (np.arange(CLASSES) * 40), atol=1e-3
    )
    assert (labels["logits"].max(axis=1) < 0.99).sum() > ROWS // 3


def test_cutmix_pastes_as_much_as_the_label_says():
    side = 64
    pixels = np.repeat(np.arange(ROWS, dtype=np.uint8) % CLASSES * 40, side * side).reshape(
        ROWS, side, side, 1
    )
    pasted, labels = altered((AugmentCutMix(),), pixels)
    assert set(np.unique(pasted)) <= set(range(0, 40 * CLASSES, 40))
    shares = np.stack(
        [(pasted == 40 * each).mean(axis=(1, 2, 3)) for each in range(CLASSES)], axis=1
    )
    np.testing.assert_allclose(
        shares, labels["logits"], atol=2 / side
    )  # rectangles end between pixels
    assert (labels["logits"].max(axis=1) < 0.99).sum() > ROWS // 3


@pytest.mark.parametrize("spec", [*MIXING, AugmentMixUp(0.01), AugmentCutMix(0.01)], ids=repr)
def test_mixed_labels_of_two_classes_stay_shares(spec):
    pixels = np.zeros((512, 8, 8, 1), np.uint8)
    wanted = (np.arange(512) % 2).astype(np.float32)[:, None]
    for number in range(3):
        _, labels = altered((spec,), pixels, seed=(number, 0), labels={"logits": wanted})
        assert labels["logits"].shape == (512, 1) and labels["logits"].dtype == np.float32
        assert (0 <= labels["logits"]).all() and (
            labels["logits"] <= 1
        ).all()  # never NaN, which small alphas risk


def test_sheet_shows_originals_and_forms(emoji):
    shown = sheet((*STANDARD, AugmentCutMix()), emoji[:6], seed=1, num_forms=3)
    assert shown.shape == (6, 4, 32, 32, 3) and shown.dtype == np.uint8
    np.testing.assert_array_equal(shown[:, 0], emoji[:6])
    assert (shown[:, 1] != shown[:, 2]).any() and (shown[:, 1] != emoji[:6]).any()
    np.testing.assert_array_equal(
        shown, sheet((*STANDARD, AugmentCutMix()), emoji[:6], seed=1, num_forms=3)
    )


@pytest.mark.parametrize(
    "specs, shape, words",
    [
        ((AugmentHue(),), (28, 28, 1), "AugmentHue on pictures of 1 channels"),
        ((AugmentFlip(False, False),), (28, 28, 1), "along no axis"),
        ((AugmentCrop(28, reflect=True),), (28, 40, 1), "at most 27"),
        (("flip",), (28, 28, 1), "augment holds 'flip'"),
    ],
)
def test_refuses_what_does_not_suit(specs, shape, words):
    with pytest.raises(RecipeError, match=words):
        augmenter(specs, shape)


def test_specs_load_no_tensorflow():
    code = (
        "import sys, pipelines.vision.augment as a; a.STANDARD; sys.exit('tensorflow' in "
        "sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


SPECS = st.one_of(
    st.builds(AugmentRotation, st.floats(0, 180)),
    st.builds(AugmentTranslation, st.floats(0, 1)),
    st.builds(AugmentZoom, st.floats(0, 0.9)),
    st.builds(AugmentCrop, st.integers(1, 9)),
    st.builds(AugmentBrightness, st.floats(0, 1)),
    st.builds(AugmentContrast, st.floats(0, 1)),
    st.builds(AugmentNoise, st.floats(0, 255)),
    st.builds(AugmentErasing, st.floats(0, 1), st.floats(0, 1)),
    st.builds(AugmentMixUp, st.floats(0.01, 10)),
    st.builds(AugmentCutMix, st.floats(0.01, 1)),
    st.builds(AugmentRand, st.integers(1, 2), st.floats(0, 1)),
)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(SPECS, max_size=2),
    st.tuples(st.integers(2, 5), st.integers(2, 12), st.integers(2, 12), st.sampled_from([1, 3])),
    st.integers(0, 2**31 - 1),
)
def test_any_specs_keep_shape_and_range(specs, shape, seed):
    # Small enough that some operations of AugmentRand are drawn by no picture.
    noise = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    pixels, labels = altered(specs, noise, seed=(seed, 1))
    assert pixels.shape == shape and pixels.dtype == np.float32
    assert np.isfinite(pixels).all() and 0 <= pixels.min() and pixels.max() <= 255
    np.testing.assert_allclose(labels["logits"].sum(axis=1), 1, atol=1e-5)
