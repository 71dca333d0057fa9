"""Transfer: frozen features, a head on them, and what is trained after it."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.balance import Smote
from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import LeakError, RecipeError, TrainError
from pipelines.rows.parts import BalancedSet, HeldOut, Schema, TrainSet
from pipelines.spec import check_knobs
from pipelines.training.optimizers import AdamW
from pipelines.training.training import Training
from pipelines.vision import networks as models
from pipelines.vision import transfer
from pipelines.vision.mobile import EfficientNetLite0, MobileNetV1
from pipelines.vision.networks import Cnn, ResNet8
from pipelines.vision.transfer import (
    APPLICATIONS,
    EarlierModel,
    Head,
    KerasApplication,
    Transfer,
    compute_features,
    feature_function,
)
from tests.altered import mend_checksums

TARGET = Target("y", "multiclass", ("a", "b", "c"))
TRAINING = Training(epochs=1, batch_size=16)
SMALL = Transfer(
    backbone=Cnn(widths=(8, 8), pool_after=(0,), dropout=0.1),
    head_epochs=15,
    head_learning_rate=0.02,
)


def signature_of(shape):
    return Signature(
        (Column("x", "numeric"),),
        TARGET,
        (),
        (Port("picture", shape, "float32", "pixels 0..255"),),
        Port("output", (3,), "float32", ""),
    )


def rows_of(kind, num_rows, seed, shape=(12, 12, 3)):
    """Pictures whose class is their brightest channel."""
    random = np.random.default_rng(seed)
    y = np.sort(random.integers(0, 3, num_rows))
    x = random.integers(0, 128, (num_rows, *shape))
    x[np.arange(num_rows), :, :, y] += 60
    return kind(
        x={"picture": x.astype(np.uint8)},
        y=y,
        ids=np.arange(num_rows) + 1000 * seed,
        schema=Schema((Column("x", "numeric"),), TARGET),
    )


def weights_of(model):
    return {
        layer.name: [np.asarray(each) for each in layer.get_weights()] for layer in model.layers
    }


def warmed(spec, train_set=None, shape=(12, 12, 3)):
    model = spec.build(signature_of(shape), seed=5)
    before = weights_of(model)
    spec.warm_up(
        model,
        train_set or rows_of(TrainSet, 60, 0),
        rows_of(HeldOut, 30, 1),
        signature=signature_of(shape),
        training=TRAINING,
        deciding="macro_f1",
    )
    return model, before


def accuracy(model, rows):
    return (
        np.asarray(model({"picture": rows.x["picture"].astype(np.float32)}))[:, 0].argmax(axis=1)
        == rows.y
    ).mean()


@pytest.mark.parametrize(
    "spec",
    [SMALL, replace(SMALL, mirrored=True), replace(SMALL, head_balance=Smote())],
    ids=["plain", "mirrored", "smote"],
)
def test_the_head_is_fitted_and_the_backbone_stays(spec):
    spec.check()
    check_knobs(spec)
    model, before = warmed(spec)
    after = weights_of(model)
    changed = {name for name in before if not all(map(np.array_equal, before[name], after[name]))}
    assert changed == {"member0_logits"}
    assert accuracy(model, rows_of(HeldOut, 60, 2)) > 0.9


def test_the_folded_scale_gives_what_the_head_gave():
    model, _ = warmed(replace(SMALL, head_epochs=1))
    call = feature_function(model)
    column = rows_of(HeldOut, 7, 3).x["picture"]
    features = compute_features(call, column)
    assert features.shape == (7, 8) and features.dtype == np.float32
    kernel, bias = model.get_layer("member0_logits").get_weights()
    np.testing.assert_allclose(
        np.asarray(model({"picture": column.astype(np.float32)}))[:, 0],
        features @ kernel + bias,
        atol=1e-4,
    )
    np.testing.assert_allclose(
        compute_features(call, column[:, :, ::-1], mirrored=True), features, atol=1e-6
    )


def test_pictures_on_disk_give_the_same_features(tmp_path):
    from PIL import Image

    from pipelines.device.pictures import picture_digest
    from pipelines.sources.files import PictureFiles

    column = rows_of(HeldOut, 5, 3).x["picture"]
    for place, pixels in enumerate(column):
        Image.fromarray(pixels).save(tmp_path / f"{place}.png")
    files = PictureFiles(
        str(tmp_path),
        np.array([f"{place}.png" for place in range(5)], object),
        column.shape[1:],
        np.stack([np.frombuffer(picture_digest(pixels), np.uint8) for pixels in column]),
    )
    call = feature_function(SMALL.build(signature_of((12, 12, 3))))
    np.testing.assert_array_equal(compute_features(call, files), compute_features(call, column))


@pytest.mark.parametrize(
    "num_layers, trained",
    [(0, set()), (1, {"conv1"}), (-1, {"conv0", "conv1"}), (99, {"conv0", "conv1"})],
)
def test_what_is_thawed(num_layers, trained):
    spec = replace(SMALL, fine_tune_layers=num_layers)
    model = spec.build(signature_of((12, 12, 3)))
    assert {layer.name for layer in model.layers if layer.trainable_weights} == {"member0_logits"}
    spec.unfreeze(model)
    assert {layer.name for layer in model.layers if layer.trainable_weights} == trained | {
        "member0_logits"
    }


def test_training_thereafter_leaves_the_statistics():
    import keras

    model, before = warmed(SMALL)
    rows = rows_of(TrainSet, 60, 0)
    model.compile(
        keras.optimizers.Adam(1e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.fit(rows.x, rows.y[:, None], epochs=1, batch_size=30, verbose=0)
    after = weights_of(model)
    for name in ("conv0_norm", "conv1_norm"):
        assert all(map(np.array_equal, before[name], after[name]))
    assert not np.array_equal(before["conv0"][0], after["conv0"][0])


def test_train_fits_the_head_and_then_the_whole():
    from pipelines.training.feed import TrainFeed
    from pipelines.training.fit import train

    trained = train(
        SMALL,
        TrainFeed(rows_of(TrainSet, 60, 0)),
        rows_of(HeldOut, 30, 1),
        deciding="macro_f1",
        signature=signature_of((12, 12, 3)),
        training=replace(TRAINING, optimizer=AdamW(learning_rate=1e-5)),
    )
    assert trained.model.layers[-1].name == "logits" and len(trained.history["loss"]) == 1
    assert (
        trained.history["val_macro_f1"][0] > 0.9
    )  # after one epoch: the head had been fitted before
    assert not np.array_equal(
        trained.model.get_layer("conv0").get_weights()[0],
        SMALL.build(signature_of((12, 12, 3))).get_layer("conv0").get_weights()[0],
    )


def test_rows_that_were_balanced_are_not_balanced_again():
    rows = rows_of(TrainSet, 60, 0)
    balanced = BalancedSet(x=rows.x, y=rows.y, ids=rows.ids, schema=rows.schema)
    with pytest.raises(LeakError, match="a BalancedSet was handed to balance"):
        warmed(replace(SMALL, head_balance=Smote()), balanced)


@pytest.mark.parametrize(
    "spec, message",
    [
        (Transfer(backbone=None), "build.backbone=None"),
        (Transfer(backbone=SMALL), "build.backbone=Transfer"),
        (replace(SMALL, head_balance=3), "build.head_balance=3"),
        (replace(SMALL, backbone=Cnn(widths=())), "widths=()"),
        (replace(SMALL, head=Head(initializer="Ones")), "initializer='Ones'"),
        (KerasApplication("ConvNeXtTiny"), "KerasApplication(name='ConvNeXtTiny')"),
        (KerasApplication(weights="noisy"), "weights='noisy'"),
        (EarlierModel("no/such/bundle"), "no model.keras in 'no/such/bundle'"),
    ],
    ids=str,
)
def test_what_cannot_be_built_is_refused(spec, message):
    with pytest.raises(RecipeError) as caught:
        spec.check()
    assert message in str(caught.value)


def test_a_tiny_one_needs_no_weights():
    tiny = Transfer().tiny()
    assert tiny.backbone == EfficientNetLite0().tiny() and tiny.head_epochs == 2
    tiny.check()
    assert tiny.build(signature_of((32, 32, 3))).output_shape == (None, 1, 3)


@pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50", "EfficientNetV2B0"])
def test_pixels_are_prepared_as_the_nets_want_them(name):
    import keras

    module = {"MobileNetV2": "mobilenet_v2", "ResNet50": "resnet"}.get(name)
    port = keras.Input((8, 8, 3))
    prepare = keras.Model(port, transfer._prepared(name, port))
    x = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 3)).astype(np.float32)
    if module:
        wanted = getattr(keras.applications, module).preprocess_input(x.copy())
    else:
        wanted = (x / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(np.asarray(prepare(x)), wanted, atol=4e-3)  # half a level of 255


def test_a_keras_application():
    spec = KerasApplication("MobileNetV3Small", weights="none")
    spec.check()
    model = spec.build(signature_of((64, 64, 3)), seed=2)
    assert model.output_shape == (None, 1, 3) and model.layers[1].name == "pixels"
    assert sum(type(layer).__name__ == "Rescaling" for layer in model.layers) == 1
    again = spec.build(signature_of((64, 64, 3)), seed=2)
    assert all(map(np.array_equal, model.get_weights(), again.get_weights()))
    with pytest.raises(RecipeError, match="MobileNetV3Small for pictures of 1 channels"):
        spec.build(signature_of((64, 64, 1)))
    with pytest.raises(RecipeError, match=r"MobileNetV3Small for pictures of \(8, 8, 3\)"):
        spec.build(signature_of((8, 8, 3)))
    assert KerasApplication().tiny().weights == "none"


def test_the_names_are_those_of_keras():
    import keras

    assert all(callable(getattr(keras.applications, name)) for name in APPLICATIONS)


def test_a_download_that_fails_says_so(monkeypatch):
    def no_network(*_, **__):
        raise Exception(
            "URL fetch failure on https://storage.example: None -- Name or service not known"
        )

    import keras

    monkeypatch.setattr(keras.applications, "MobileNetV2", no_network)
    with pytest.raises(
        TrainError, match="the weights of MobileNetV2 could not be downloaded: URL fetch failure"
    ):
        KerasApplication().build(signature_of((96, 96, 3)))


def test_an_earlier_model_is_carried_on(tmp_path):
    from pipelines.training.members import average_members

    old = ResNet8(width=4, dropout=0.2).build(signature_of((12, 12, 3)), seed=1)
    average_members(old).save(tmp_path / "model.keras")
    mend_checksums(tmp_path)
    spec = EarlierModel(str(tmp_path))
    spec.check()
    model = spec.build(signature_of((12, 12, 3)))
    assert model.output_shape == (None, 1, 3) and list(model.input) == ["picture"]
    np.testing.assert_array_equal(
        model.get_layer("stem").get_weights()[0], old.get_layer("stem").get_weights()[0]
    )
    whole, before = warmed(replace(SMALL, backbone=spec))
    assert all(map(np.array_equal, before["stem"], weights_of(whole)["stem"]))
    with pytest.raises(RecipeError, match=r"pictures of \(16, 16, 3\) for the model in"):
        spec.build(signature_of((16, 16, 3)))
    (tmp_path / "model.keras").write_bytes(b"nonsense")
    with pytest.raises(TrainError, match="no model to start from: .* damaged or was altered"):
        spec.build(signature_of((12, 12, 3)))
    mend_checksums(tmp_path)
    with pytest.raises(
        TrainError, match="no model to start from: .* is not a model that can be read"
    ):
        spec.build(signature_of((12, 12, 3)))


def test_specs_are_dataclasses_of_knobs():
    for spec in (
        Transfer(),
        Head(),
        KerasApplication(),
        EarlierModel("x"),
        *(each() for each in (models.DsCnn, MobileNetV1, models.Vit)),
    ):
        check_knobs(spec)
