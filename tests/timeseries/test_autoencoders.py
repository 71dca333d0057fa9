"""Denoising and sparse autoencoders: what noise in the feed and a penalty on the code change."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.errors import RecipeError
from pipelines.run import fit
from pipelines.steps import fit_steps, make_signature, to_ports
from pipelines.timeseries import (
    AugmentJitter,
    Autoencoder,
    ConvAutoencoder,
    LinearAutoencoder,
)
from tests.timeseries.test_anomaly import RECIPE, cut

NOISE = 0.7
PLAIN = replace(
    RECIPE,
    build=Autoencoder(widths=(16,), code=6),
    training=replace(RECIPE.training, epochs=15),
)


def test_the_penalty_is_the_mean_of_absolute_codes_over_rows():
    splits = cut()
    encoders, encoded = fit_steps(RECIPE.encode, splits.train)
    signature = make_signature((), encoders, encoded)
    import keras

    model = Autoencoder(widths=(8,), code=4, normalization=False, sparsity=0.5).build(signature)
    code = keras.Model(model.input, model.get_layer("member0_code").output)
    inputs = {
        name: np.random.default_rng(0).normal(size=(5, *port.shape[1:])).astype(np.float32)
        for name, port in model.input.items()
    }
    wanted = 0.5 * np.abs(np.asarray(code(inputs))).sum(axis=1).mean()
    model(inputs)
    assert float(sum(model.losses)) == pytest.approx(wanted, rel=1e-5)
    assert not Autoencoder(widths=(8,)).build(signature).losses


def test_a_penalty_that_normalization_undoes_is_refused():
    with pytest.raises(RecipeError, match="build.sparsity=0.1 with build.normalization=True"):
        ConvAutoencoder(sparsity=0.1).check()
    LinearAutoencoder(sparsity=0.1).check()


def windows_and_codes(recipe, noise):
    """Errors of given-back validation windows against clean ones, and the codes of these."""
    import keras

    splits = cut()
    trained = fit(recipe, splits.train, splits.valid)
    model = trained.model
    [name] = model.input
    clean = to_ports(trained.signature, splits.valid).x[name]
    noisy = clean + noise * np.random.default_rng(0).standard_normal(clean.shape, np.float32)
    given = np.asarray(keras.Model(model.input, model.outputs[0])({name: noisy}))
    code = keras.Model(model.input, model.get_layer("member0_code").output)({name: clean})
    return np.mean((given.reshape(clean.shape) - clean) ** 2), np.asarray(code)


@pytest.mark.full
def test_noise_in_the_feed_makes_a_denoising_autoencoder():
    """The truth stays the clean window (Vincent et al. 2008)."""
    plain, _ = windows_and_codes(PLAIN, NOISE)
    jitter = replace(PLAIN, augment=(AugmentJitter(deviation=NOISE),))
    denoising, _ = windows_and_codes(jitter, NOISE)
    assert denoising < 0.9 * plain


@pytest.mark.full
def test_the_penalty_leaves_few_numbers_of_the_code():
    net = Autoencoder(widths=(16,), code=16, normalization=False)
    _, dense = windows_and_codes(replace(PLAIN, build=net), 0.0)
    net = replace(net, sparsity=0.05)
    _, sparse = windows_and_codes(replace(PLAIN, build=net), 0.0)
    assert near_zero(sparse) > near_zero(dense) + 0.1


def near_zero(code):
    """The share of numbers below a tenth of the largest of all."""
    return np.mean(np.abs(code) < 0.1 * np.abs(code).max())
