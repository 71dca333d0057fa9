"""Models whose answers keep rules, and rows: Python, C and the page are held against each other."""

import numpy as np

from pipelines.device.calibration import Calibration
from pipelines.device.cells import Column
from pipelines.device.ports import Port
from pipelines.device.primitives import Affine, Fill, Pack
from pipelines.device.signature import Signature
from pipelines.device.target import Target

NUM_ROWS = 120
COLUMNS = (
    Column("wind (kt)", "numeric"),
    Column("gust", "numeric"),
    Column("sky", "categorical"),
    Column("calm", "boolean"),
)
CLASS_RULES = (
    "status == 'hurricane' implies column('wind (kt)') >= 64",
    "calm implies status in ('low', 'wave') or gust is missing",
    "sky not in ('clear', 'fog') implies status != 'low'",
    "10 < gust <= 34.1 implies not status == 'störm'",
    "sky > 'f' implies status >= 'low'",
    "gust == 'x' implies 2 < 1",
)
SET_RULES = (
    "rain implies clouds",
    "not (rain and fog)",
    "column('wind (kt)') >= 34.1 implies storm",
    "storm == 1 implies not fog and calm is present",
)
NUMBER_RULES = (
    "price >= 0",
    "gust is present implies price <= gust",
    "sky == 'fog' implies 3 <= price <= 12.5",
    "calm implies column('wind (kt)') >= price",
)


def model(target, num_outputs, rules, **more):
    """A signature of the columns, with rules."""
    made = Signature(
        COLUMNS,
        target,
        (Fill("gust", 0.0), Affine("gust", 0.0, 1.0), Pack(("gust",), "x")),
        (Port("x", (1,), "float32", "", scale=0.1),),
        Port("output", (num_outputs,), "float32", "", scale=0.09, zero_point=-5),
        answer_rules=rules,
        **more,
    )
    made.check()
    return made


STATUS = model(
    Target("status", "multiclass", ("low", "wave", "störm", "hurricane")),
    4,
    CLASS_RULES,
    decisions={"int8": (0.1, -0.2, 0.3, 0.0), "float32": (0.1, -0.2, 0.3, 0.0)},
    calibrations={"int8": Calibration(factor=0.7)},
)
TWO = model(
    Target("status", "binary", ("low", "hurricane")),
    1,
    CLASS_RULES[:2],
    decisions={"int8": (0.4,), "float32": (0.4,)},
)
SIGNS = model(
    Target("signs", "multilabel", ("rain", "clouds", "fog", "storm"), separator="|"),
    4,
    SET_RULES,
    decisions={"int8": (0.0, 0.2, 0.0, -0.3), "float32": (0.0, 0.2, 0.0, -0.3)},
    calibrations={"int8": Calibration(factor=0.8, offset=0.1)},
)
PRICE = model(Target("price", "regression", offset=5.0, factor=2.0), 1, NUMBER_RULES)
MODELS = {"classes": STATUS, "two": TWO, "sets": SIGNS, "numbers": PRICE}


def rows(seed=0):
    """Typed columns with missing cells and numbers on the edges of the rules."""
    random = np.random.default_rng(seed)

    def drawn(values):
        return random.choice(np.array(values, object), NUM_ROWS)

    return {
        "wind (kt)": drawn([np.nan, 10, 34.1, 63.99, 64, 90]).astype(np.float32),
        "gust": drawn([np.nan, -2, 8, 34.1, 50]).astype(np.float32),
        "sky": drawn([None, "clear", "fog", "rain", "élan"]),
        "calm": drawn([None, "true", "false"]),
    }


def outputs(signature, seed=1):
    """int8 outputs [rows, outputs]."""
    random = np.random.default_rng(seed)
    shape = (NUM_ROWS, signature.output.shape[0])
    return random.integers(-128, 128, shape, np.int8)


class Given:
    """A runtime that gives outputs which were drawn."""

    def __init__(self, raw):
        self.raw = raw

    def run(self, inputs):
        return self.raw
