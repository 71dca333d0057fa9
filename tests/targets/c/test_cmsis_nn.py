"""C with the bodies of CMSIS-NN, which the user provides: the same bits on a simulated Cortex-M4."""

import ctypes
import shutil
import subprocess

import numpy as np
import pytest

from pipelines.own_model.export import export_model
from pipelines.targets.c.footprint import CROSS_COMPILER, SIMULATOR
from pipelines.targets.c.model.all_kernels import kernel_of, known_network
from pipelines.targets.c.model.convolution import Conv2D, DepthwiseConv2D
from pipelines.targets.c.model.network import port_name
from pipelines.targets.c.model.windows import axes_of
from pipelines.targets.c.model.write import inputs_header, write_model
from pipelines.targets.micro.runner import Micro
from tests.bench_c import int8_file, measured
from tests.bench_devices import nets
from tests.cmsis_nn_library import MISSING, cmsis_nn_folder, cmsis_nn_options
from tests.own_architectures import NUM_ROWS
from tests.targets.c.compiled_model import STRICT, CompiledModel, extreme_rows, tflm_outputs
from tests.targets.c.many_models import ManyModels, as_bytes, code_of
from tests.targets.c.small_files import FILES

pytestmark = [
    pytest.mark.skipif(not cmsis_nn_folder(), reason=MISSING),
    pytest.mark.skipif(
        not (shutil.which(CROSS_COMPILER) and shutil.which(SIMULATOR)),
        reason="apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm",
    ),
]
SIZED = ("arm_convolve_wrapper_s8", "arm_depthwise_conv_wrapper_s8")
CALLED = (
    *SIZED,
    "arm_convolve_s8",
    "arm_fully_connected_s8",
    "arm_fully_connected_per_channel_s8",
    "arm_max_pool_s8",
    "arm_nn_vec_mat_mul_result_acc_s8_s16",
)
CONVOLUTIONS = (
    "picture, CNN",
    "picture, DS-CNN",
    "picture, ResNet8",
    "text, CNN",
    "series, temporal convolutions",
)


def unusual_convolutions():
    """(model, rows): groups, dilation, strides, windows that lean over one edge only."""
    import keras

    x = keras.Input((9, 10, 4))
    layers = keras.layers
    y = layers.Conv2D(8, 3, strides=2, padding="same", activation="relu")(x)
    y = layers.Conv2D(8, (3, 2), groups=2, padding="same")(y)
    y = layers.DepthwiseConv2D(5, padding="same", activation="relu6")(y)
    y = layers.Conv2D(6, 1, strides=2)(y)
    y = layers.DepthwiseConv2D(3, padding="same")(y)
    z = layers.Conv2D(5, 3, dilation_rate=2, padding="same")(x)
    z = layers.DepthwiseConv2D(2, depth_multiplier=2)(z)
    z = layers.Conv2D(7, (1, 5), padding="same")(z)
    flat = [layers.Flatten()(each) for each in (y, z)]
    rows = np.random.default_rng(0).normal(size=(NUM_ROWS, 9, 10, 4)).astype(np.float32)
    model = keras.Model(x, layers.Dense(3)(layers.Concatenate()(flat)))
    random = np.random.default_rng(1)
    model.set_weights([random.normal(size=each.shape) * 0.3 for each in model.get_weights()])
    return model, rows


def library_bytes(kernel, operation, library):
    """What CMSIS-NN itself asks for on a core with the DSP extension."""
    weights = kernel._by_output(operation)
    outputs, *window, taken = weights.shape
    high, wide = axes_of(operation, window)
    depth = operation.input.shape[3]
    places = [wide.stride, high.stride, wide.before, high.before, wide.dilation, high.dilation]
    if isinstance(kernel, Conv2D):
        name, params = "arm_convolve_wrapper_s8", [0, 0, *places, 0, 0]
        weights = [outputs, *window, taken]
    else:
        name, params = "arm_depthwise_conv_wrapper_s8", [0, 0, outputs // depth, *places, 0, 0]
        weights = [1, *window, outputs]
    numbers = [params, [1, high.size, wide.size, depth], weights]
    numbers.append([1, high.outputs, wide.outputs, outputs])
    arrays = [(ctypes.c_int32 * len(each))(*each) for each in numbers]
    return getattr(library, f"{name}_get_buffer_size_dsp")(*arrays)


def assert_planned(content, folder):
    """Checks that each convolution has at least the memory that CMSIS-NN asks for."""
    _, (archive,) = cmsis_nn_options(cmsis_nn_folder())
    sizes = [f"-Wl,-u,{name}_get_buffer_size_dsp" for name in SIZED]
    subprocess.run(["gcc", "-shared", *sizes, archive, "-o", folder / "nn.so"], check=True)
    library = ctypes.CDLL(str(folder / "nn.so"))
    for operation in known_network(content).operations:
        kernel = kernel_of(operation)
        if isinstance(kernel, (Conv2D, DepthwiseConv2D)):
            planned = kernel.scratch_bytes(operation)[1]
            assert planned >= library_bytes(kernel, operation, library)


def assert_equal(content, folder):
    """Checks the bits on the board, on this machine, and the memory that is planned."""
    options, (archive,) = cmsis_nn_options(cmsis_nn_folder())
    assert len(measured(content, None, cmsis_nn_folder())) == 2
    assert_planned(content, folder)
    include = f"-isystem{options[1].removeprefix('-I')}"
    called = [f"-Wl,-u,{name}" for name in CALLED]
    flags = ("-O2", options[0], include, *called, archive)
    library = CompiledModel(content, folder / "nn", flags=flags)
    plain = CompiledModel(content, folder / "plain")
    rows = extreme_rows(plain.network, 6)
    np.testing.assert_array_equal(library.run(rows), plain.run(rows))
    return plain, rows


def test_a_bundle_gives_the_same_outputs(bundle, tmp_path):
    assert_equal((bundle.folder / "model_int8.tflite").read_bytes(), tmp_path)


@pytest.mark.full
def test_unusual_convolutions(tmp_path):
    pytest.importorskip("tflite_micro")
    export_model(*unusual_convolutions(), name="own", folder=tmp_path / "own", targets=())
    content = (tmp_path / "own" / "own" / "model_int8.tflite").read_bytes()
    plain, rows = assert_equal(content, tmp_path)
    np.testing.assert_array_equal(plain.run(rows), tflm_outputs(content, rows))


def assert_equal_to_tflm(content, folder):
    """Checks the bits of a file of one operator on the board, and on this machine against TFLM."""
    pytest.importorskip("tflite_micro")
    assert len(measured(content, None, cmsis_nn_folder())) == 2
    network = known_network(content)
    rows = extreme_rows(network, 12)
    wanted = Micro(content, [port_name(each) for each in network.inputs]).run(rows)
    models = ManyModels(folder, inputs_header(content), network.outputs[0].size)
    assert not models.compile([code_of(content)], *cmsis_nn_options(cmsis_nn_folder()))
    assert models.outputs(0, as_bytes(network, rows)) == np.ascontiguousarray(wanted).tobytes()


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("largest of a")])
def test_pools(name, tmp_path):
    assert_equal_to_tflm(FILES[name](), tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("lstm")])
def test_lstms(name, tmp_path):
    """Steep gates too: the library clamps a sum once, where TFLM clamps both of its parts first."""
    assert_equal_to_tflm(FILES[name](), tmp_path)


@pytest.mark.full
def test_an_lstm_alone_compiles_without_a_warning(tmp_path):
    """No function that other layers use is left over."""
    content = FILES["lstm"]()
    files = write_model(content, "t").files | {"signature.h": inputs_header(content)}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    subprocess.run(["gcc", *STRICT, "-c", "model.c"], cwd=tmp_path, check=True)


@pytest.mark.full
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_every_kind_of_convolution_net(name, tmp_path):
    assert_equal(int8_file(dict(nets())[name]), tmp_path)
