"""What a table of one's own may start from."""

from dataclasses import replace

from ..compress import QuantizeAware
from ..recipe import Candidate
from ..slots import Split
from ..steps import EncodeBins, EncodeOnehot, ScaleStandard
from ..training.optimizers import AdamW
from ..training.schedules import Constant, Cosine
from .boosting_teacher import BoostingTeacher
from .load import LoadTable
from .networks import Mlp
from .recipes import table_recipe

FINE = (EncodeBins(num_bins=64), EncodeOnehot())
SCALED = (ScaleStandard(), EncodeOnehot())


def table_candidates(
    load: LoadTable, *, name: str = "my_model", split: Split | None = None
) -> tuple[Candidate, ...]:
    """Returns the recipes among which one is chosen for a table, the usual one first."""
    usual = table_recipe(load, name=name, split=split).refitted()
    fine = replace(usual, encode=FINE)
    slow = replace(
        usual.training,
        epochs=80,
        optimizer=AdamW(learning_rate=2e-3),
        schedule=Cosine(warmup_epochs=1),
    )
    taught = replace(
        fine,
        teacher=BoostingTeacher(),
        build=Mlp(widths=(128, 64), dropout=0.15),
        training=slow,
    )
    # What is a difference of two columns is lost in their bins. Scaled numbers are coarse in int8,
    # so that the net learns with rounding.
    scaled = replace(
        taught,
        encode=SCALED,
        teacher=None,
        shipping=replace(usual.shipping, compress=(QuantizeAware(),)),
    )
    curves = replace(
        usual,
        build=Mlp(widths=(), num_members=1),
        training=replace(
            usual.training,
            epochs=150,
            optimizer=AdamW(learning_rate=5e-3, weight_decay=0.03),
            schedule=Constant(patience=12),
        ),
    )
    return (
        Candidate("dense net, 16 bins", usual),
        Candidate("dense net, 64 bins", fine),
        Candidate("dense net, 64 bins, taught by boosting", taught),
        Candidate("dense net, scaled numbers", scaled),
        Candidate("a sum of curves, 16 bins", curves),
    )
