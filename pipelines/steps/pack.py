"""Fitted steps to the Signature of a model: which columns, through which primitives, into which
ports.
"""

from dataclasses import replace

import numpy as np

from ..device.ports import Port
from ..device.primitives import (
    OwnScale,
    Pack,
    PackingPrimitive,
    PackSteps,
    Primitive,
    run_primitives,
)
from ..device.signature import Signature, made_from
from ..device.units import (
    CATEGORY_ID,
    PAIR_ID,
    PIXELS,
    SERIES_INTERVAL,
    SERIES_STANDARD,
    STANDARD_DEVIATIONS,
    TOKEN_ID,
    UNIT_INTERVAL,
)
from ..errors import StepError
from ..rows.parts import HeldOut, TrainSet, UnlabelledRows, require_train_set
from ..tasks import task_of
from .step import MAX_ENCODED_BYTES, MAX_INPUTS, FittedStep, kind_of

_PORT_NAMES = {
    UNIT_INTERVAL: "unit_interval",
    STANDARD_DEVIATIONS: "standard_deviations",
    CATEGORY_ID: "category_ids",
    TOKEN_ID: "tokens",
    PAIR_ID: "pairs",
    PIXELS: "image",
    SERIES_STANDARD: "series",
    SERIES_INTERVAL: "series_marks",
}
_BY_STEP = (SERIES_STANDARD, SERIES_INTERVAL)
# Columns of these stand alone: each its own input.
_ALONE = (TOKEN_ID, PAIR_ID, PIXELS)


def make_signature(
    prepared: tuple[FittedStep, ...], encoders: tuple[FittedStep, ...], encoded: TrainSet
) -> Signature:
    """The Signature of everything fitted, given the training rows after it.

    Columns of one unit share a port, because one int8 tensor has one scale; so do series of one
    unit and length. Raises StepError where a column was never encoded or still has missing values.
    """
    train = require_train_set(encoded, "the signature")
    steps = prepared + encoders
    packs = _packs(steps, train)
    primitives = _needed((*(primitive for step in steps for primitive in step.primitives), *packs))
    packed = run_primitives(packs, train.x)
    finished = _finishing_steps(steps)
    ports = tuple(
        _port(pack, packed[pack.into], _unit_of(finished, pack.columns[0], train), steps)
        for pack in packs
    )
    read = _raw_columns(primitives) | {name for name, x in train.x.items() if x.dtype == np.uint8}
    task = task_of(train.schema.target)
    fitted = [primitive for step in steps for primitive in step.primitives]
    target = task.fit_target(train, fitted, ports)
    frame = train.schema.frame
    num_outputs = task.num_outputs(target, frame, ports)
    return Signature(
        columns=tuple(column for column in train.schema.columns if column.name in read),
        target=target,
        primitives=primitives,
        inputs=ports,
        output=Port("output", (num_outputs,), "float32", task.output_unit),
        missing_words=train.schema.missing_words,
        frame=frame,
    )


def to_ports(
    signature: Signature, rows: TrainSet | HeldOut, *, encoded: bool = False
) -> TrainSet | HeldOut:
    """Raw rows (or rows that are `encoded` already) to rows whose columns are the signature's
    ports, float32, int32 or pixels as uint8, unquantized: what the Keras model takes. The y of a
    forecast is then in each row's own scale; that of anomalies is the window to give back, float32
    [rows, outputs], NaN of a row that is labelled as one.
    """
    primitives = signature.primitives
    if encoded:
        primitives = tuple(
            primitive for primitive in primitives if isinstance(primitive, PackingPrimitive)
        )
    columns = run_primitives(primitives, rows.x)
    for port in signature.inputs:
        if columns[port.name].dtype == np.float32 and np.isnan(columns[port.name]).any():
            raise StepError(
                "held-out rows have missing values after every step",
                expected="no missing value",
                fix="add an imputing step, such as ImputeMedian(); dropping training rows does "
                "not fill other rows",
            )
    rows = rows.with_columns({port.name: columns[port.name] for port in signature.inputs})
    target = signature.target
    return replace(rows, y=task_of(target).port_truth(rows.y, target, columns))


def unlabelled_to_ports(signature: Signature, train: TrainSet) -> UnlabelledRows | None:
    """The raw unlabelled rows next to training rows with ports for columns, as `to_ports`; None
    where there are none. Raises StepError where they do not fit into memory.
    """
    if train.unlabelled is None or not len(train.unlabelled):
        return None
    size = len(train.unlabelled) * 4 * sum(int(np.prod(port.shape)) for port in signature.inputs)
    if size > MAX_ENCODED_BYTES:
        raise StepError(
            f"{len(train.unlabelled):,} rows without a label would take {size / 2**30:.1f} GiB",
            expected=f"at most {MAX_ENCODED_BYTES / 2**30:.0f} GiB",
            fix="provide fewer of them, or lower the window of the tokens",
        )
    columns = run_primitives(signature.primitives, train.unlabelled.x)
    return UnlabelledRows({port.name: columns[port.name] for port in signature.inputs})


def _packs(steps, train):
    own = _names_of_own_scales(steps)
    # The frame gave the time to every window; a model that has no use for it needs no clock on its
    # device.
    if train.schema.frame is not None:
        own |= {train.schema.frame.time}
    finished = _finishing_steps(steps)
    units = {name: _unit_of(finished, name, train) for name in train.x if name not in own}
    _refuse_unfinished(units, train)
    packs: list[Pack | PackSteps] = []
    for unit, port_name in _PORT_NAMES.items():
        names = tuple(name for name in units if units[name] == unit)
        while port_name in train.x:  # a user's column may have our name
            port_name += "_"
        if unit in _ALONE:
            for place, name in enumerate(names):
                packs.append(Pack((name,), _numbered(port_name, place)))
        elif unit in _BY_STEP:
            packs += _packs_of_series(names, port_name, steps, train)
        elif names:
            packs.append(Pack(names, port_name))
    return tuple(packs)


def _names_of_own_scales(steps) -> set[str]:
    """The columns that hold each row's own scale: they are read by other primitives only."""
    names = set()
    for step in steps:
        for primitive in step.primitives:
            if isinstance(primitive, OwnScale):
                names |= {primitive.into_offset, primitive.into_factor}
    return names


def _refuse_unfinished(units, train):
    """Raises StepError for columns without a unit, with missing values, or for none at all."""
    loose = [name for name, unit in units.items() if not unit]
    if loose:
        name = loose[0]
        more = f" (and {len(loose) - 1} more)" if len(loose) > 1 else ""
        raise StepError(
            f"the {kind_of(train.x[name])} column {name!r} was never encoded{more}",
            expected="every column in one unit",
            fix="add a step to `encode`: EncodeBins() or ScaleStandard() for numbers, "
            "EncodeOnehot() for categories, TokenizeWords() for texts, ScaleSeries() for series; "
            "or EncodeDate() to `prepare`",
        )
    for name, x in train.x.items():
        if x.dtype.kind == "f" and np.isnan(x).any():
            raise StepError(
                f"column {name!r} still has missing values after every step",
                expected="no missing value",
                fix="add an imputing step for it, such as ImputeMedian()",
            )
    if not train.x:
        raise StepError(
            "no column is left after every step",
            expected="a column that differs between rows",
            fix="provide more columns, or take DropColumns() out of `prepare`",
        )


def _packs_of_series(names, port_name, steps, train) -> list[PackSteps]:
    """One port for each number of steps. What is known beforehand is of other steps than the rest,
    even where there are as many.
    """
    frame = train.schema.frame
    primitives = tuple(each for step in steps for each in step.primitives)
    known = made_from(primitives, frame.known if frame else ())
    kinds = {name: (name in known, train.x[name].shape[1]) for name in names}
    packs = []
    for place, kind in enumerate(sorted(set(kinds.values()))):
        alike = tuple(name for name in names if kinds[name] == kind)
        packs.append(PackSteps(alike, _numbered(port_name, place)))
    return packs


def _numbered(port_name, place):
    """The first port of a kind has no number."""
    return port_name + str(place or "")


def _unit_of(finished, name, train):
    """The unit of the last step that finished a column; a picture needs none."""
    if train.x[name].dtype == np.uint8:
        return PIXELS
    if name in finished:
        return finished[name].unit
    return ""


def _finishing_steps(steps):
    """Column → the last step that finished it."""
    finished = {}
    for step in steps:
        for primitive in step.primitives if step.unit else ():
            for name in primitive.makes():
                finished[name] = step
    return finished


def _needed(primitives: tuple[Primitive, ...]) -> tuple[Primitive, ...]:
    """The primitives that something packed depends on: what was dropped on the way costs the device
    nothing.
    """
    needed: set[str] = set()
    kept = []
    for primitive in reversed(primitives):
        is_pack = isinstance(primitive, PackingPrimitive)
        if not is_pack and needed.isdisjoint(primitive.makes()):
            continue
        needed.update(primitive.reads())
        kept.append(primitive)
    return tuple(reversed(kept))


def _raw_columns(primitives):
    """Names that are read before any primitive makes them: those must come from the row."""
    read: set[str] = set()
    made: set[str] = set()
    for primitive in primitives:
        if not isinstance(primitive, PackingPrimitive):
            read.update(set(primitive.reads()) - made)
        made.update(primitive.makes())
    return read


def _port(pack, packed, unit, steps):
    if unit == PIXELS:  # the net takes them as float32; until a batch is made they stay bytes
        return Port(pack.into, packed.shape[1:], "float32", unit)
    if unit in _BY_STEP:
        return Port(pack.into, packed.shape[1:], "float32", unit)
    if packed.shape[1] > MAX_INPUTS:
        raise StepError(
            f"{packed.shape[1]:,} model inputs in the unit {unit!r}",
            expected=f"at most {MAX_INPUTS:,}",
            fix="raise min_count or lower max_categories and num_bins, or use EncodeIds()",
        )
    num_ids = {CATEGORY_ID: sum(step.num_ids for step in steps if step.unit == CATEGORY_ID)}.get(
        unit, _finishing_steps(steps)[pack.columns[0]].num_ids
    )
    return Port(pack.into, (packed.shape[1],), str(packed.dtype), unit, num_ids=num_ids)
