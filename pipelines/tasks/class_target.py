"""A target of classes: two or more."""

from ..device.target import Target
from .binary import BinaryTask
from .multiclass import MulticlassTask


def class_target(name: str, labels: tuple[str, ...]) -> Target:
    """Returns the target of labels of which each row has one: binary for two of them."""
    if len(labels) == 2:
        return Target(name, BinaryTask.name, labels)
    return Target(name, MulticlassTask.name, labels)
