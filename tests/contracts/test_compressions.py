"""Every compression: another Keras model of the same ports, the same one each time; the one given
stays as it is."""

import numpy as np
import pytest

from pipelines import slots
from pipelines.compress import ConvolveByFft, Distil, FactorizeLowRank, tuning_from_arrays
from pipelines.compress.tuning import input_of
from pipelines.errors import RecipeError
from pipelines.training.training import Training
from tests.contracts.samples import members, name_of, with_defaults

# A teacher's bundle is needed; its own tests make one.
NEED_MORE = (Distil,)
# They refuse nets that they would not make smaller; their own tests run them on others.
NOT_FOR_EVERY_NET = (ConvolveByFft, FactorizeLowRank)
COMPRESSIONS = [kind for kind in members(slots.Compression) if kind not in NEED_MORE]
BY_KIND = pytest.mark.parametrize("kind", COMPRESSIONS, ids=name_of)
SHAPE = (32, 32, 3)


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    y = np.arange(64) % 2
    x = random.normal(size=(64, *SHAPE)) + y[:, None, None, None]
    return x.astype(np.float32), y.astype(np.int32)


def net():
    import keras

    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input(SHAPE, name="picture"),
            keras.layers.Conv2D(8, 5, padding="same", activation="relu"),
            keras.layers.Conv2D(16, 5, padding="same", activation="relu"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(2),
        ]
    )


@pytest.fixture(scope="module")
def tuning(rows):
    import keras

    x, y = rows
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return tuning_from_arrays(
        x[:48], y[:48], loss=loss, valid=(x[48:], y[48:]), training=Training(batch_size=16)
    )


def spec_of(kind):
    """A spec of its defaults that takes an epoch where it takes any."""
    spec = with_defaults(kind)
    names = [name for name in vars(spec) if name == "epochs"]
    return type(spec)(**{**vars(spec), **dict.fromkeys(names, 1)})


def compressed(kind, tuning):
    """The model given and the smaller one, or None if the kind refuses such a net."""
    model = net()
    try:
        return model, spec_of(kind).compress(model, tuning)
    except RecipeError as error:
        assert kind in NOT_FOR_EVERY_NET, error
        return model, None


@pytest.fixture(scope="module")
def first_of(tuning):
    """first_of(kind): what `compressed` gives, made once for all tests."""
    found = {}

    def look(kind):
        if kind not in found:
            found[kind] = compressed(kind, tuning)
        if found[kind][1] is None:
            pytest.skip("not for this net")
        return found[kind]

    return look


@BY_KIND
def test_gives_another_model_of_the_same_ports(kind, rows, first_of):
    import keras

    model, smaller = first_of(kind)
    assert smaller is not model
    assert [each.shape for each in smaller.inputs] == [each.shape for each in model.inputs]
    assert smaller.outputs[0].shape == model.outputs[0].shape
    inputs = keras.tree.map_structure(lambda _: rows[0][:4], input_of(smaller))
    answers = np.asarray(smaller(inputs, training=False))
    assert answers.shape == (4, 2) and np.isfinite(answers).all()


@BY_KIND
def test_the_model_given_stays_as_it_is(kind, first_of):
    model, _ = first_of(kind)
    for one, other in zip(model.get_weights(), net().get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


# All fit by the same `Tuning.fit`; of what a kind draws itself, clusters are the most.
TWICE = ("ClusterWeights",)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=() if name_of(kind) in TWICE else pytest.mark.full)
        for kind in COMPRESSIONS
    ],
    ids=name_of,
)
def test_the_same_model_and_rows_give_the_same(kind, tuning, first_of):
    _, first = first_of(kind)
    _, second = compressed(kind, tuning)
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@BY_KIND
def test_refuses_what_is_no_functional_model(kind, tuning):
    import keras

    class Own(keras.Model):
        def call(self, x):
            return x

    with pytest.raises(RecipeError) as caught:
        spec_of(kind).compress(Own(), tuning)
    assert caught.value.expected and caught.value.fix


def test_suits_says_a_reason_or_nothing():
    from tests.contracts.samples import SAMPLES

    for kind in members(slots.Compression):
        for make in SAMPLES:
            assert isinstance(with_defaults(kind).suits(make().sketch()), str)
