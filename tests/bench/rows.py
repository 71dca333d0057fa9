"""The rows of recipes, as several benchmarks take them."""

from pipelines.device.signature import Signature
from pipelines.recipe import Recipe
from pipelines.rows.parts import HeldOut, Splits, TrainSet
from pipelines.rows.split import split
from pipelines.steps import fit_steps, make_signature, to_ports


def splits_of(recipe: Recipe) -> Splits:
    """Returns the parts of a recipe's own split, raw."""
    dataset, _ = recipe.load.read()
    return split(dataset, recipe.split)


def ports_of(recipe: Recipe) -> tuple[Signature, TrainSet, HeldOut]:
    """Returns the signature, and the training and validation rows as the net takes them."""
    parts = splits_of(recipe)
    prepared, rows = fit_steps(recipe.prepare, parts.train)
    encoders, encoded = fit_steps(recipe.encode, rows)
    signature = make_signature(prepared, encoders, encoded)
    return (
        signature,
        to_ports(signature, encoded, encoded=True),
        to_ports(signature, parts.valid),
    )
