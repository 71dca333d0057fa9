"""One model of several: its answers are the sum of theirs, each with its share."""

import numpy as np

from pipelines.tabular import Mlp
from pipelines.training.ensembles.composite import put_member, side_by_side, weights_of
from pipelines.training.members import average_members
from tests.training.test_fit import signature_of


def test_heads_hold_the_shares():
    signature = signature_of("regression")
    nets = (Mlp(widths=(4,), num_members=1), Mlp(widths=(), num_members=2))
    models = [average_members(net.build(signature, seed=place)) for place, net in enumerate(nets)]
    whole = side_by_side(models, signature)
    random = np.random.default_rng(0)
    x = {
        port.name: random.normal(size=(16, *port.shape)).astype(np.float32)
        for port in signature.inputs
    }
    one, other = (np.asarray(model(x)) for model in models)
    np.testing.assert_allclose(average_members(whole)(x), (one + other) / 2, atol=1e-5)
    for place, factor in enumerate((0.5, 4.0)):
        put_member(whole, place, weights_of(models[place]), factor=factor)
    np.testing.assert_allclose(average_members(whole)(x), one / 4 + 2 * other, atol=1e-5)
