"""Each kernel in numpy, which C is held against where TFLM is not installed: TFLM's outputs for
files of one operator.
"""

import numpy as np
import pytest

from pipelines.targets.c.model.all_kernels import known_network
from pipelines.targets.c.model.network import port_name
from pipelines.targets.c.model.reference import NumpyModel
from pipelines.targets.micro.runner import Micro
from tests.targets.c.compiled_model import extreme_rows
from tests.targets.c.small_files import FILES


@pytest.mark.parametrize("name", [name for name in FILES if "lstm" not in name])
def test_every_output_is_that_of_tflm(name):
    pytest.importorskip("tflite_micro")
    content = FILES[name]()
    network = known_network(content)
    rows = extreme_rows(network, 4)
    wanted = Micro(content, [port_name(each) for each in network.inputs]).run(rows)
    np.testing.assert_array_equal(NumpyModel(content).run(rows), wanted)
