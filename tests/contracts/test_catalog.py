"""No spec is lost: a file that moves out of a room still stands in the catalogue, or bundles that
hold its specs could not be read.
"""

import dataclasses
import importlib
import inspect
import pkgutil

import pipelines
from pipelines import catalog
from pipelines.spec import Spec


def below(kind):
    """Every class that derives from a class."""
    for each in kind.__subclasses__():
        yield each
        yield from below(each)


def is_public_and_final(spec):
    if not spec.__module__.startswith("pipelines.") or spec.__name__.startswith("_"):
        return False
    if spec.__module__.startswith("pipelines.answers."):
        return False  # of an experiment, which writes no bundle
    return dataclasses.is_dataclass(spec) and not inspect.isabstract(spec)


def test_every_final_spec_of_the_package_is_in_the_catalogue():
    for module in pkgutil.walk_packages(pipelines.__path__, "pipelines."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    final = {spec for spec in below(Spec) if is_public_and_final(spec)}
    assert len(final) > 100
    lost = {spec.__name__ for spec in final - set(catalog.SPECS)}
    assert not lost
