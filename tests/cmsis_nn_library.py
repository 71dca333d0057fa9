"""CMSIS-NN, which the user provides: the environment variable CMSIS_NN is the folder of a checkout
of https://github.com/ARM-software/CMSIS-NN.
"""

import os
import re
from pathlib import Path

from tests.board_program import run

MISSING = "set CMSIS_NN to the folder of a checkout of https://github.com/ARM-software/CMSIS-NN"
FOLDERS = (
    "ConvolutionFunctions",
    "FullyConnectedFunctions",
    "NNSupportFunctions",
    "PoolingFunctions",
)
# The functions of int8 and what they call.
SOURCES = re.compile(r"^arm_(?!.*_(f16|f32|s4|flt)\.c).*(_s8|s16|q15|tables).*\.c$")


def cmsis_nn_folder():
    """The folder of the library; "" if it is not set."""
    return os.environ.get("CMSIS_NN", "")


def cmsis_nn_options(folder, compiler=("gcc",)):
    """What a compiler takes to compile and link with the library, whose objects are kept in the
    checkout.
    """
    root = Path(folder).resolve()
    built = root / ("build_" + "_".join(compiler).replace("/", "_"))
    built.mkdir(exist_ok=True)
    archive = built / "libcmsis_nn.a"
    include = f"-I{root / 'Include'}"
    for each in FOLDERS:
        for path in sorted((root / "Source" / each).glob("*.c")):
            target = built / f"{path.stem}.o"
            if SOURCES.match(path.name) and not target.exists():
                options = ["-O2", "-fPIC", "-ffunction-sections", "-w", include, "-c"]
                if "gcc" not in compiler:
                    options.remove("-fPIC")
                run([*compiler, *options, path, "-o", target], root)
                archive.unlink(missing_ok=True)
    if not archive.exists():
        run(["ar", "rcs", archive, *sorted(built.glob("*.o"))], root)
    return ["-DMODEL_USE_CMSIS_NN", include], [str(archive)]
