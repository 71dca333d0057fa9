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
    SeasonMean,
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
    """Makes the Signature of everything fitted.

    Columns of one unit share a port, because one int8 tensor has one scale; so do series of one
    unit and length.

    Args:
        prepared: The fitted steps of `Recipe.prepare`.
        encoders: The fitted steps of `Recipe.encode`.
        encoded: The training rows after all of them.

    Raises:
        StepError: If a column was never encoded or still has missing values.
    """
    train = require_train_set(encoded, "the signature")
    steps = prepared + encoders
    fitted = _primitives_of(steps)
    packs = _packs(steps, train)
    ports = _ports(packs, steps, train)
    task = task_of(train.schema.target)
    target = task.fit_target(train, fitted, ports)
    primitives = _needed((*fitted, *packs), {target.base, target.spread})
    frame = train.schema.frame
    num_outputs = task.num_outputs(target, frame, ports)
    read = _raw_columns(primitives) | _pictures(train)
    return Signature(
        columns=tuple(column for column in train.schema.columns if column.name in read),
        target=target,
        primitives=primitives,
        inputs=ports,
        output=Port("output", (num_outputs,), "float32", task.output_unit),
        missing_words=train.schema.missing_words,
        frame=frame,
    )


def _primitives_of(steps) -> list[Primitive]:
    primitives: list[Primitive] = []
    for step in steps:
        primitives += step.primitives
    return primitives


def _pictures(train) -> set[str]:
    """Returns the columns of pictures, which no primitive reads."""
    return {name for name, x in train.x.items() if x.dtype == np.uint8}


def _ports(packs, steps, train) -> tuple[Port, ...]:
    """Returns the port of each pack."""
    packed = run_primitives(packs, train.x)
    finished = _finishing_steps(steps)
    ports = []
    for pack in packs:
        unit = _unit_of(finished, pack.columns[0], train)
        ports.append(_port(pack, packed[pack.into], unit, steps))
    return tuple(ports)


def to_ports(
    signature: Signature, rows: TrainSet | HeldOut, *, encoded: bool = False
) -> TrainSet | HeldOut:
    """Turns rows into what the Keras model takes.

    Args:
        signature: Of the model.
        rows: Raw rows.
        encoded: Whether the rows are encoded already.

    Returns:
        Rows whose columns are the signature's ports: float32, int32 or pixels as uint8,
        unquantized. The y of a forecast is in each row's own scale; that of anomalies is the window
        to give back, float32 [rows, outputs], NaN of a row that is labelled as one. An input that a
        search fills on the device holds the truth (`Task.forced_inputs`).

    Raises:
        StepError: If a value is missing after every step.
    """
    primitives = signature.primitives
    if encoded:
        primitives = tuple(each for each in primitives if isinstance(each, PackingPrimitive))
    columns = run_primitives(primitives, rows.x)
    columns |= task_of(signature.target).forced_inputs(rows.y, signature)
    ports = {port.name: columns[port.name] for port in signature.inputs}
    if any(map(_has_missing, ports.values())):
        raise StepError(
            "held-out rows have missing values after every step",
            expected="no missing value",
            fix="add an imputing step, such as ImputeMedian(); dropping training rows does "
            "not fill other rows",
        )
    target = signature.target
    truth = task_of(target).port_truth(rows.y, target, columns)
    return replace(rows.with_columns(ports), y=truth)


def _has_missing(x):
    if x.dtype.kind != "f":
        return False
    return np.isnan(x).any()


def unlabelled_to_ports(signature: Signature, train: TrainSet) -> UnlabelledRows | None:
    """Turns the raw unlabelled rows next to training rows into rows of ports, as `to_ports`.

    Returns:
        The rows, None if there are none.

    Raises:
        StepError: If they do not fit into memory.
    """
    rows = train.unlabelled
    if rows is None or not len(rows):
        return None
    widths = [int(np.prod(port.shape)) for port in signature.inputs]
    num_bytes = len(rows) * 4 * sum(widths)
    if num_bytes > MAX_ENCODED_BYTES:
        raise StepError(
            f"{len(rows):,} rows without a label would take {num_bytes / 2**30:.1f} GiB",
            expected=f"at most {MAX_ENCODED_BYTES / 2**30:.0f} GiB",
            fix="provide fewer of them, or lower the window of the tokens",
        )
    columns = run_primitives(signature.primitives, rows.x)
    return UnlabelledRows({port.name: columns[port.name] for port in signature.inputs})


def _packs(steps, train) -> tuple[Pack | PackSteps, ...]:
    """Returns which columns share which ports."""
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
        # A user's column may have our name.
        while port_name in train.x:
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
    """Returns the columns of each row's own scale, which other primitives read only."""
    names = set()
    for primitive in _primitives_of(steps):
        if isinstance(primitive, OwnScale):
            names |= {primitive.into_offset, primitive.into_factor}
        elif isinstance(primitive, SeasonMean):
            names.add(primitive.into)
    return names


def _refuse_unfinished(units, train):
    """Raises StepError for columns without a unit, with missing values, or for none at all."""
    loose = [name for name, unit in units.items() if not unit]
    if loose:
        name = loose[0]
        num_more = len(loose) - 1
        more = ""
        if num_more:
            more = f" (and {num_more} more)"
        raise StepError(
            f"the {kind_of(train.x[name])} column {name!r} was never encoded{more}",
            expected="every column in one unit",
            fix="add a step to `encode`: EncodeBins() or ScaleStandard() for numbers, "
            "EncodeOnehot() for categories, TokenizeWords() for texts, ScaleSeries() for series; "
            "or EncodeDate() to `prepare`",
        )
    for name, x in train.x.items():
        if _has_missing(x):
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
    """Returns one pack for each number of steps. What is known beforehand is of other steps than
    the rest, even where there are as many.
    """
    frame = train.schema.frame
    known_before = ()
    if frame is not None:
        known_before = frame.known
    known = made_from(tuple(_primitives_of(steps)), known_before)
    kinds = {}
    for name in names:
        num_steps = train.x[name].shape[1]
        kinds[name] = (name in known, num_steps)
    packs = []
    for place, kind in enumerate(sorted(set(kinds.values()))):
        alike = tuple(name for name in names if kinds[name] == kind)
        packs.append(PackSteps(alike, _numbered(port_name, place)))
    return packs


def _numbered(port_name, place):
    # The first port of a kind has no number.
    if place == 0:
        return port_name
    return f"{port_name}{place}"


def _unit_of(finished, name, train):
    """Returns the unit of the last step that finished a column, "" if none did; a picture needs
    none.
    """
    if train.x[name].dtype == np.uint8:
        return PIXELS
    if name in finished:
        return finished[name].unit
    return ""


def _finishing_steps(steps):
    """Returns column → the last step that finished it."""
    finished = {}
    for step in steps:
        if not step.unit:
            continue
        for primitive in step.primitives:
            for name in primitive.makes():
                finished[name] = step
    return finished


def _needed(primitives: tuple[Primitive, ...], asked: set[str]) -> tuple[Primitive, ...]:
    """Returns the primitives that something packed, or a column that is asked for, depends on: what
    was dropped on the way costs the device nothing.
    """
    needed = set(asked)
    kept = []
    for primitive in reversed(primitives):
        is_pack = isinstance(primitive, PackingPrimitive)
        if not is_pack and needed.isdisjoint(primitive.makes()):
            continue
        needed.update(primitive.reads())
        kept.append(primitive)
    return tuple(reversed(kept))


def _raw_columns(primitives):
    """Returns names that are read before any primitive makes them: those must come from the row."""
    read: set[str] = set()
    made: set[str] = set()
    for primitive in primitives:
        if not isinstance(primitive, PackingPrimitive):
            new = set(primitive.reads()) - made
            read.update(new)
        made.update(primitive.makes())
    return read


def _port(pack, packed, unit, steps):
    """Returns the port of a pack, whose values of the training rows are `packed`."""
    shape = packed.shape[1:]
    # The net takes pixels as float32; until a batch is made they stay bytes.
    if unit == PIXELS or unit in _BY_STEP:
        return Port(pack.into, shape, "float32", unit)
    width = shape[0]
    if width > MAX_INPUTS:
        raise StepError(
            f"{width:,} model inputs in the unit {unit!r}",
            expected=f"at most {MAX_INPUTS:,}",
            fix="raise min_count or lower max_categories and num_bins, or use EncodeIds()",
        )
    num_ids = _num_ids(pack, unit, steps)
    return Port(pack.into, (width,), str(packed.dtype), unit, num_ids=num_ids)


def _num_ids(pack, unit, steps):
    """Returns how many ids there are in a port; those of category columns run on."""
    if unit == CATEGORY_ID:
        return sum(step.num_ids for step in steps if step.unit == CATEGORY_ID)
    last = _finishing_steps(steps)[pack.columns[0]]
    return last.num_ids
