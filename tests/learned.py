"""A recipe up to what ships, without a test row."""

from pipelines.rows.parts import HeldOut, TrainSet
from pipelines.run import fit, ship
from pipelines.targets.export import ShippedModel


def learn(recipe, train: TrainSet, valid: HeldOut) -> ShippedModel:
    """Trains a recipe and ships the model."""
    return ship(recipe, fit(recipe, train, valid))
