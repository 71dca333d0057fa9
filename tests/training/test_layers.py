"""`build.layers`: in the model of every modality, or refused; and through to int8."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines import catalog
from pipelines.errors import RecipeError
from pipelines.run import fit, judge, ship
from pipelines.slots import Layers
from pipelines.slots.layers import ACTIVATIONS
from pipelines.tabular import Mlp
from pipelines.text import AveragedEmbeddings, TextCnn, TransformerEncoder
from pipelines.timeseries import (
    InceptionTime,
    NLinear,
    PatchTransformer,
    SeriesFcn,
    SeriesMlp,
    SeriesResNet,
    Tcn,
)
from pipelines.training.layers import built_with_layers
from pipelines.vision import Cnn, DsCnn, ResNet8, Vit
from tests.contracts.framed_samples import EVERY_SAMPLE
from tests.contracts.test_networks import recipe_of, sample_of, signature_of, suited

RESIDUAL_MLP = Mlp(widths=(16, 16), residual=True)
# Choice → networks of each modality that have a layer for it.
USED = [
    (Layers(activation="gelu"), (Mlp(), Cnn(), TextCnn(), SeriesMlp(), Tcn())),
    (Layers(activation="leaky_relu"), (AveragedEmbeddings(widths=(8,)), Vit(), SeriesFcn())),
    (Layers(initializer="RandomNormal"), (Mlp(), Cnn(), TextCnn(), NLinear())),
    (Layers(normalization="layer"), (Mlp(), Cnn(), TransformerEncoder(), PatchTransformer())),
    (Layers(normalization="group"), (Mlp(), ResNet8(), TransformerEncoder(), SeriesFcn())),
    (Layers(l1=1e-3), (Mlp(), Cnn(), TextCnn(), NLinear(), SeriesFcn())),
    (Layers(l2=1e-3), (Mlp(), DsCnn(), AveragedEmbeddings(), Tcn())),
    (Layers(constraint="max_norm"), (Mlp(), Cnn(), TextCnn(), SeriesMlp())),
    (Layers(noise=0.1), (Mlp(), Cnn(), TextCnn(), SeriesMlp())),
    (Layers(spatial_dropout=0.1), (Cnn(), TextCnn(), Tcn(), SeriesFcn())),
    (Layers(stochastic_depth=0.1), (RESIDUAL_MLP, ResNet8(), TransformerEncoder(), Vit())),
    (Layers(stochastic_depth=0.1), (SeriesResNet(), InceptionTime(), Tcn())),
    (Layers(pooling="average"), (Cnn(), InceptionTime())),
    (Layers(global_pooling="max"), (Cnn(), ResNet8(), DsCnn(), SeriesFcn())),
]


def model_of(network):
    network = network.tiny()
    return built_with_layers(network, signature_of(suited(network)[0]), seed=1)


@pytest.mark.parametrize(("layers", "networks"), USED, ids=lambda each: repr(each)[:40])
def test_a_choice_is_in_the_model_of_each_modality(layers, networks):
    for network in networks:
        model = model_of(replace(network, layers=layers))
        plain = model_of(network)
        assert model.output_shape == plain.output_shape
        rows = sum(np.prod(weight.shape) for weight in model.weights)
        assert rows > 0 and len(model.layers) >= len(plain.layers)


@pytest.mark.parametrize(
    ("layers", "network"),
    [
        (Layers(normalization="layer"), Mlp(normalization=False)),
        (Layers(stochastic_depth=0.1), Mlp()),
        (Layers(spatial_dropout=0.1), Mlp()),
        (Layers(pooling="average"), ResNet8()),
        (Layers(global_pooling="max"), TextCnn()),
        (Layers(activation="gelu"), NLinear()),
        (Layers(max_norm=1.0), Mlp()),
    ],
)
def test_a_choice_without_a_layer_is_refused(layers, network):
    with pytest.raises(RecipeError, match="which has no layer for it") as refused:
        model_of(replace(network, layers=layers))
    assert refused.value.fix.startswith("--set build.layers.")


def test_what_padding_must_not_pass_has_a_least_value():
    with pytest.raises(RecipeError, match="largest of all tokens"):
        model_of(TextCnn(layers=Layers(activation="prelu")))


@pytest.mark.parametrize("name", ["gun_point_minirocket", "remarks_linear"])
def test_a_network_that_is_solved_has_no_use_for_them(name):
    recipe = catalog.RECIPES[name]
    turned = replace(recipe, build=replace(recipe.build, layers=Layers(l1=0.1)))
    with pytest.raises(RecipeError, match="no epochs"):
        turned.check()


@pytest.mark.parametrize(
    ("knob", "word"),
    [("activation", "silly"), ("initializer", "Glorot"), ("normalization", "instance")]
    + [("constraint", "max"), ("pooling", "min"), ("global_pooling", "min")],
)
def test_a_word_that_names_no_choice_is_refused(knob, word):
    recipe = catalog.override(catalog.RECIPES["penguins_mlp"], f"build.layers.{knob}={word}")
    with pytest.raises(RecipeError, match=word):
        recipe.check()


def test_penalties_join_the_networks_own_and_stay_after_a_second_look():
    import keras

    model = model_of(Cnn(regularizer=0.25, layers=Layers(l1=0.5, l2=0.125)))
    kernels = [each for each in model.layers if isinstance(each, keras.layers.Conv2D)]
    for layer in kernels:
        assert float(layer.kernel_regularizer.l1) == 0.5
        assert float(layer.kernel_regularizer.l2) == 0.375
    assert len(model.losses) >= len(kernels) > 2


def test_nothing_chosen_is_the_network_as_it_was():
    names = [layer.name for layer in model_of(Cnn()).layers]
    assert names == [layer.name for layer in model_of(Cnn(layers=Layers(max_norm=3.0))).layers]
    assert not [name for name in names if name.endswith(("_noise", "_channels", "_depth"))]


# Of LiteRT alone: TFLite Micro has no EXP of int8.
NOT_ON_MICRO = ("elu", "selu", "mish")


@pytest.mark.full
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize(
    "network", [Mlp(), Cnn(), SeriesMlp()], ids=lambda each: type(each).__name__
)
def test_an_activation_ships_as_int8_and_agrees_with_keras(network, activation):
    """To five points of probability: trained on noise, labels are ties."""
    network = replace(network.tiny(), layers=Layers(activation=activation))
    make = suited(network)[0]
    assert make in EVERY_SAMPLE
    recipe = recipe_of(network, make)
    if activation in NOT_ON_MICRO:
        litert = catalog.targets_named("litert")
        recipe = replace(recipe, shipping=replace(recipe.shipping, targets=litert))
    parts = sample_of(make).splits()
    shipped = ship(recipe, fit(recipe, parts.train, parts.valid))
    answers = judge(recipe, shipped, parts.test).answers
    odds = [answers[form].scores for form in ("keras", "litert_int8")]
    chances = [1 / (1 + np.exp(-each)) for each in odds]
    assert np.abs(chances[0] - chances[1]).max() < 0.05
