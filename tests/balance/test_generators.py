"""Nets that draw rows: trained for a few seconds, and run in int8 on both interpreters."""

import numpy as np
import pytest

from pipelines.balance import Diffusion, Gan, Generate, WassersteinGan
from pipelines.balance.generators.rows import require_finite
from pipelines.balance.generators.schedule import amounts, time_features
from pipelines.device.litert import LiteRT
from pipelines.errors import BalanceError, RecipeError
from pipelines.own_model.export import export_model
from pipelines.settings import override
from pipelines.targets.litert.spec import TargetLiteRT
from pipelines.targets.micro.runner import Micro
from pipelines.targets.micro.spec import TargetMicro
from pipelines.verify.ladder import InRunner
from tests.balance.test_generate import squares, waves

BOTH = (TargetLiteRT(), TargetMicro())
NETS = (
    Gan(code=4, filters=(16, 8), num_batches=300),
    WassersteinGan(code=4, filters=(16, 8), num_batches=150),
)
DENOISER = Diffusion(filters=(8, 16), num_batches=500)


def test_knobs_of_the_autoencoder_are_named_where_they_stand_now():
    with pytest.raises(RecipeError, match="any more") as error:
        override(Generate(), "width=3", (), what="Generate")
    assert "by.width=3" in str(error.value)


def test_nets_without_a_layer_are_refused():
    for by in (Gan(filters=()), WassersteinGan(units=()), Diffusion(filters=())):
        with pytest.raises(RecipeError, match="one or more filters"):
            Generate(by=by).check()


def test_the_amounts_of_row_and_noise_have_squares_that_sum_to_one():
    time = np.linspace(0, 1, 11)
    signal, spread = amounts(time)
    np.testing.assert_allclose(signal**2 + spread**2, 1)
    assert signal[0] == 1 and spread[-1] == 1
    features = time_features(time)
    assert np.abs(features).max() <= 1 and len(np.unique(features, axis=0)) == 11


def test_what_is_no_number_is_refused():
    rows = np.array([[0.0, 1.0], [np.nan, 2.0]], np.float32)
    assert len(require_finite(rows[:1], Gan())) == 1
    with pytest.raises(BalanceError, match="lower balance.by.learning_rate"):
        require_finite(rows, Gan())


@pytest.mark.full
@pytest.mark.parametrize("by", (*NETS, DENOISER), ids=lambda by: type(by).__name__)
def test_pictures_of_the_rare_class_are_drawn(by):
    made = Generate(by=by).draw(squares(), np.ones(64, np.int64)).x["picture"].astype(float)
    assert made.shape == (64, 8, 8, 1) and len(np.unique(made, axis=0)) > 60
    assert made[..., 4:, 0].mean() > made[..., :4, 0].mean() + 40


@pytest.mark.full
@pytest.mark.parametrize("rows", (squares, waves))
def test_a_generator_runs_in_int8_on_both_interpreters(rows, tmp_path):
    by = Gan().tiny()
    train = rows()
    learned = Generate(by=by).learn(train)
    bundle = export_model(
        Generate(by=by).decoder(train),
        learned.net_inputs(np.arange(200) % 2, 0),
        name="generator",
        targets=BOTH,
        folder=tmp_path,
    )
    forms = {rung["form"] for rung in bundle.report["ladder"]}
    assert {"litert_int8", "micro_int8"} <= forms


@pytest.mark.full
def test_steps_of_a_diffusion_are_taken_by_an_int8_net_on_a_microcontroller(tmp_path):
    train = squares()
    learned = Generate(by=DENOISER).learn(train)
    net = learned.to_keras(np.ones(1), np.zeros(1), (64,))
    inputs = learned.net_inputs(np.arange(400) % 2, 0)
    bundle = export_model(net, inputs, name="denoiser", targets=BOTH, folder=tmp_path)
    content = bundle.files()["model_int8.tflite"]
    micro = Micro(content, LiteRT(content).port_names())
    runner = InRunner(bundle.signature, micro)

    def find_noise(row, time, label):
        columns = {}
        for name, x in {"row": row, "time": time, "label": label}.items():
            for place, values in enumerate(x.T):
                columns[f"{name}{place}"] = values
        return runner.predict_columns(columns).scores

    classes = np.ones(8, np.int64)
    drawn, _ = learned.draw_by(find_noise, classes, 0)
    by_keras, _ = learned.draw(classes, 0)
    assert np.mean(np.abs(drawn - by_keras)) < 0.25
