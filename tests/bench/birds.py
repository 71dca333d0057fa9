"""The rows of bird strikes that several benchmarks share."""

from pipelines.device.signature import Signature
from pipelines.rows.parts import HeldOut, Splits, TrainSet
from pipelines.rows.split import split
from pipelines.steps import fit_steps, make_signature, to_ports
from pipelines.tabular import BIRDS


def bird_splits() -> Splits:
    """Returns the parts of the recipe's own split, raw."""
    dataset, _ = BIRDS.load.read()
    return split(dataset, BIRDS.split)


def bird_ports() -> tuple[Signature, TrainSet, HeldOut]:
    """Returns the signature, and the training and validation rows as the net takes them."""
    parts = bird_splits()
    prepared, rows = fit_steps(BIRDS.prepare, parts.train)
    encoders, encoded = fit_steps(BIRDS.encode, rows)
    signature = make_signature(prepared, encoders, encoded)
    return (
        signature,
        to_ports(signature, encoded, encoded=True),
        to_ports(signature, parts.valid),
    )
