"""The pictures of clothes that several benchmarks share."""

from pipelines import vision
from pipelines.device.signature import Signature
from pipelines.rows.parts import HeldOut, TrainSet
from pipelines.rows.split import split
from pipelines.steps import fit_steps, make_signature, to_ports


def clothes_ports() -> tuple[Signature, TrainSet, HeldOut]:
    """Returns the signature, and training and validation rows as the net takes them."""
    recipe = vision.FASHION
    dataset, _ = recipe.load.read()
    parts = split(dataset, recipe.split)
    _, rows = fit_steps((), parts.train)
    signature = make_signature((), (), rows)
    return signature, to_ports(signature, rows, encoded=True), to_ports(signature, parts.valid)
