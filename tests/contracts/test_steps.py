"""Every step: learned from training rows alone, the same rows out, the same numbers in C and in
JavaScript.
"""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from pipelines import slots, steps
from pipelines.device.runner import Runner
from pipelines.errors import LeakError
from pipelines.rows.parts import BalancedSet, HeldOut
from pipelines.rows.split import SplitGiven, split
from pipelines.spec import knobs_of
from tests.contracts.samples import NUM_ROWS, first_sample_for, members, name_of, with_defaults
from tests.targets.c.test_c_code import compile_harness, run_harness
from tests.targets.web import test_web

node = test_web.node
STEPS = members(slots.Step)
FILTERS = members(slots.RowFilter)
# What has to stand before a step so that it finds what it reads.
BEFORE = {
    "ScaleByItself": (steps.FillGaps(),),
    "PairTokens": (steps.TokenizeWords(),),
    "PairFrequent": (steps.TokenizeWords(),),
    "DistinctTokens": (steps.TokenizeWords(), steps.PairTokens()),
    "ScaleStandard": (steps.ImputeMedian(),),
    "ScaleMinMax": (steps.ImputeMedian(),),
    "ScaleRobust": (steps.ImputeMedian(),),
    "EncodeBins": (steps.ImputeMedian(),),
}


def spec_of(kind):
    """A step with its defaults; categories of a few rows are not too rare."""
    spec = with_defaults(kind)
    if "min_count" in {knob.name for knob in knobs_of(kind)}:
        return replace(spec, min_count=1)
    return spec


def fitted_on(spec, parts):
    """What the step learned, and the steps before it, of the training rows."""
    before = BEFORE.get(type(spec).__name__, ())
    fitted, train = steps.fit_steps(before, parts.train)
    return fitted, spec.fit(train)


def with_other_held_out_rows(dataset):
    """The same training rows; valid and test rows hold what no training row holds."""
    is_held_out = dataset.part != "train"
    changed = {}
    for name, x in dataset.x.items():
        x = x.copy()
        if x.dtype.kind == "f":
            x[is_held_out] = 1e6
        elif x.dtype.kind == "M":
            x[is_held_out] = np.datetime64("1970-01-01", "s")
        else:
            x[is_held_out] = "unseen"
        changed[name] = x
    return replace(dataset, x=changed)


@pytest.mark.parametrize("kind", STEPS, ids=name_of)
def test_learns_from_training_rows_alone(kind):
    spec = spec_of(kind)
    sample = first_sample_for(spec)
    parts = sample.splits()
    others = split(with_other_held_out_rows(sample.dataset), SplitGiven())
    before, fitted = fitted_on(spec, parts)
    assert repr((before, fitted)) == repr(fitted_on(spec, others))
    assert repr((before, fitted)) == repr(fitted_on(spec_of(kind), parts))
    held_out = parts.test
    balanced = BalancedSet(x=parts.train.x, y=parts.train.y, ids=parts.train.ids, schema=None)
    for rows in (sample.dataset, held_out, parts.valid, balanced, [1, 2]):
        with pytest.raises(LeakError):
            spec.fit(rows)


@pytest.mark.parametrize("kind", STEPS, ids=name_of)
def test_gives_the_same_rows_and_alters_none(kind):
    spec = spec_of(kind)
    parts = first_sample_for(spec).splits()
    before, fitted = fitted_on(spec, parts)
    rows = steps.apply_steps(before, parts.test)
    copies = {name: x.copy() for name, x in rows.x.items()}
    applied = fitted.apply(rows)
    assert type(applied) is HeldOut
    np.testing.assert_array_equal(applied.ids, rows.ids)
    assert all(len(x) == len(rows) for x in applied.x.values())
    for name, x in copies.items():
        np.testing.assert_array_equal(rows.x[name], x)
    again = fitted.apply(rows)
    for name, x in applied.x.items():
        np.testing.assert_array_equal(again.x[name], x)


def signature_of(spec, sample):
    """A signature whose inputs hold what the step makes, with scales for int8."""
    prepare = (*BEFORE.get(type(spec).__name__, ()), spec)
    prepared, train = steps.fit_steps(prepare, sample.splits().train)
    encoders, encoded = steps.fit_steps(sample.encode, train)
    signature = steps.make_signature(prepared, encoders, encoded)
    inputs = []
    for port in signature.inputs:
        if port.dtype == "float32":
            port = replace(port, scale=1 / 32)
        inputs.append(port)
    output = replace(signature.output, scale=0.05)
    return replace(signature, inputs=tuple(inputs), output=output, missing_words=())


@pytest.mark.parametrize("kind", STEPS, ids=name_of)
def test_c_and_javascript_prepare_as_python(kind, tmp_path, request):
    spec = spec_of(kind)
    sample = first_sample_for(spec)
    signature = signature_of(spec, sample)
    signature.check()
    columns = {column.name: sample.dataset.x[column.name] for column in signature.columns}
    if shutil.which("gcc"):
        wanted = Runner(signature, None, form="int8").prepare(columns)
        program = compile_harness(signature, tmp_path / "c", ("-O0",))
        for name, x in run_harness(program, signature, columns).items():
            np.testing.assert_array_equal(x, wanted[name])
    if shutil.which("node"):
        ask = request.getfixturevalue("node")
        test_web.assert_prepared_alike(ask, signature, columns)


@pytest.mark.parametrize("kind", FILTERS, ids=name_of)
def test_a_filter_keeps_whole_training_rows(kind):
    spec = with_defaults(kind)
    parts = first_sample_for(spec).splits()
    kept = spec.filter_rows(parts.train)
    assert 0 < len(kept) <= NUM_ROWS and set(kept.ids) <= set(parts.train.ids)
    np.testing.assert_array_equal(kept.ids, spec.filter_rows(parts.train).ids)
    places = np.flatnonzero(np.isin(parts.train.ids, kept.ids))
    for name, x in kept.x.items():
        np.testing.assert_array_equal(x, parts.train.x[name][places])
    for rows in (parts.test, [1, 2]):
        with pytest.raises(LeakError):
            spec.filter_rows(rows)
