"""What every spec of every slot promises, by walking the registry: a new one is tested before its
author writes a test.
"""

import dataclasses
import inspect
import json
import re
from dataclasses import MISSING

import pytest

from pipelines import catalog, slots
from pipelines.recipe import Tried
from pipelines.rows.sketch import ALL_KINDS, DataSketch
from pipelines.settings import from_json, override, to_json
from pipelines.spec import Refusal, Spec, knobs_of
from pipelines.tabular import Mlp
from pipelines.tasks import TASKS

# What knobs without a default are given here.
GIVEN = {
    "name": "contract",
    "source": "data/penguins.csv",
    "target": "y",
    "train": "data/GunPoint_TRAIN.ts.gz",
    "text": "text",
    "time": "time",
    "folder": "saved_models/none",
    "of": Mlp(),
    "teacher": Mlp(),
}
# The slots whose members come from a paper or a page; others may be common knowledge: a mean, a
# rotation.
FROM_A_PAPER = (slots.Generator, slots.Teacher, slots.Network, slots.Compression, slots.Optimizer)
FROM_A_PAPER += (slots.Clipping, slots.Averaging, slots.Schedule)
# Of our own making: they put others together.
OUR_OWN = {"Head", "EarlierModel"}
_LINK = re.compile(r"https?://|doi\.org|\b(19|20)\d\d\b")


def made(kind):
    """A spec with its defaults, and what it needs besides."""
    if kind.__name__ == "Recipe":
        return catalog.RECIPES["penguins_mlp"]
    lacking = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    return kind(**{name: GIVEN[name] for name in lacking})


def sketches():
    """Every task with columns of every kind, of data that were read and of such as may be."""
    for task in TASKS.values():
        for kind in ALL_KINDS:
            for is_read in (False, True):
                yield DataSketch((task,), frozenset({kind}), is_read=is_read)
        yield DataSketch((task,), is_steps=True, window_steps=8, horizon=2)
    yield DataSketch()


# A note on a recipe fills no slot, and its fields are no knobs.
SPECS = [kind for kind in catalog.SPECS if kind is not Tried]


@pytest.fixture(params=SPECS, ids=lambda kind: kind.__name__)
def kind(request):
    return request.param


def test_is_a_frozen_dataclass_with_the_contract_of_a_slot(kind):
    assert issubclass(kind, Spec) and not inspect.isabstract(kind)
    spec = made(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    for name in names[:1]:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(spec, name, None)
    assert spec == made(kind) and hash(type(spec))


def test_comes_back_from_json(kind):
    spec = made(kind)
    again = from_json(json.loads(json.dumps(to_json(spec))), catalog.SPECS)
    assert again == spec and repr(again) == repr(spec)


def test_each_knob_can_be_set_as_on_the_command_line(kind):
    spec = made(kind)
    for field in dataclasses.fields(kind):
        value = vars(spec)[field.name]
        if isinstance(value, (bool, int, float)) or (isinstance(value, str) and value.isalpha()):
            setting = f"{field.name}={value!r}"
            assert override(spec, setting, catalog.SPECS, what=kind.__name__) == spec


def test_limits_of_knobs_hold_their_default(kind):
    for knob in knobs_of(kind):
        assert knob.name and knob.type
        if knob.low is None or knob.default is MISSING:
            continue
        values = knob.default if isinstance(knob.default, tuple) else (knob.default,)
        assert all(knob.low <= value <= knob.high for value in values), knob


def test_every_knob_has_a_meaning(kind):
    """A sentence in `Attributes`, which the reference and `python -m pipelines knobs` print."""
    for knob in knobs_of(kind):
        assert knob.meaning.endswith("."), f"`Attributes` has no sentence on {knob.name}"


def test_tiny_is_of_the_same_slot(kind):
    tiny = made(kind).tiny()
    assert isinstance(tiny, Spec)
    assert tiny.tiny() == tiny


def test_suits_never_raises_and_gives_a_way_out(kind):
    spec = made(kind)
    for sketch in sketches():
        reason = spec.suits(sketch)
        assert isinstance(reason, str), (sketch, reason)
        if isinstance(reason, Refusal):
            assert reason and reason.expected and reason.fix, sketch


def test_nothing_known_is_no_reason_to_refuse(kind):
    if kind.__name__ != "Head":  # a part of another network, which no data suit alone
        assert made(kind).suits(DataSketch()) == ""


def test_has_a_docstring_and_its_source(kind):
    text = inspect.getdoc(kind)
    assert text and not text.startswith(f"{kind.__name__}("), "a docstring of its own"
    if issubclass(kind, FROM_A_PAPER) and kind.__name__ not in OUR_OWN:
        bases = [each for each in kind.__mro__ if each.__module__.startswith("pipelines.")]
        texts = [inspect.getdoc(each) or "" for each in bases]
        texts.append(inspect.getdoc(inspect.getmodule(kind)) or "")
        assert any(_LINK.search(each) for each in texts)


@pytest.mark.parametrize(
    "slot",
    ["Loader", "Split", "Frame", "Step", "RowFilter", "Balancer", "Generator"]
    + [
        "Augmentation",
        "Teacher",
        "Network",
        "Loss",
        "Optimizer",
        "Clipping",
        "Averaging",
        "Schedule",
    ]
    + ["Compression", "Target"],
)
def test_every_slot_has_members(slot):
    kind = vars(slots)[slot]
    assert inspect.isabstract(kind)
    assert any(issubclass(spec, kind) for spec in catalog.SPECS)
