"""Bring your own Keras model: `export_model(model, rows)` gives the bundle that a recipe would have
given.

Nothing is trained. Some rows calibrate int8; on the others every form is run and compared with what
the model itself says to them. What the converter is known to break is mended or refused before it
is converted (see `own_model.rewrite`, `own_model.inputs`).
"""

import re
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ..bundle.folder import Bundle, as_json, check_folder, write_bundle
from ..convert.convert import MAX_CALIBRATION_ROWS
from ..convert.lower import NUM_COPIES
from ..device.cells import shorten
from ..device.ports import Port
from ..device.regular import read_regular
from ..device.runner import Runner
from ..device.signature import Signature
from ..device.target import Target
from ..errors import ExportError, RecipeError, VerifyError
from ..recipe import Shipping
from ..report.cautions import unlike_keras
from ..report.markdown import code, plain, prose
from ..report.use import how_to_use
from ..report.write import (
    DUPLICATES,
    caution_lines,
    ladder_table,
    page,
    to_plain,
    use_lines,
    versions,
)
from ..rows.parts import HeldOut, Schema, TrainSet
from ..sources.array_files import read_arrays
from ..spec import NAME_PATTERN
from ..steps import to_ports
from ..steps.ranges import value_ranges
from ..targets.budgets import broken_budgets
from ..targets.climbing import climb_all
from ..targets.export import convert_forms, write_files
from ..targets.exported_model import ExportedModel
from ..targets.refusals import ask_targets
from ..tasks import BinaryTask, MulticlassTask, RegressionTask, task_of
from ..training.keras_zip import MAX_KERAS_BYTES, load_keras, read_config
from ..verify.golden import golden
from .gate import ALLOWED, changed_too_much, failed_own, num_rows_wanted
from .inputs import in_front, own_inputs, ported, read_rows
from .rewrite import flatten, refuse, without_last_activation

MIN_ROWS = 20
MAX_HELD_OUT_ROWS = 5000
MAX_STAGGERED = 64  # outputs: copies cost their weights
# Keras itself sums otherwise after a rewriting; half-precision models are computed in float32 from
# then on.
MOST_CHANGED = 1e-3
MOST_CHANGED_HALF = 0.05


@dataclass(frozen=True)
class Parts:
    """A user's model taken apart: the Keras model of ports, its signature without scales, the raw
    columns of all rows, and what the model itself says to them, float32 [rows, outputs] before a
    last softmax or sigmoid was taken off.
    """

    model: object
    signature: Signature
    columns: dict[str, np.ndarray]
    said: np.ndarray
    activation: str
    notes: tuple[str, ...] = ()


def export_model(
    model: object,
    rows: Mapping[str, np.ndarray] | np.ndarray | str | Path,
    *,
    name: str,
    targets: tuple[Any, ...] = Shipping().targets,
    folder: str | Path = "saved_models",
    labels: tuple[str, ...] = (),
    seed: int = 0,
) -> Bundle:
    """Writes `folder`/<name>/: the int8 and float32 files of a Keras model with its signature, C
    code, golden vectors and report, each form run here on rows that did not calibrate it.

    `model`: a Functional or Sequential keras.Model of built-in layers with one output, or the path
    of a .keras file. `rows`: at least 20 rows as model.predict takes them, [rows, ...] for one
    input, by input name for more; or the path of an .npy or .npz file. Half of them, at most 1,000,
    calibrate. `labels`: of a classifier, in the order of its outputs (two for one sigmoid output),
    which may be probabilities or logits; without, the outputs are numbers.

    Raises RecipeError for names, ExportError for what has no form on a device, VerifyError where a
    form does not answer as the model does: then the bundle is kept as `folder`/<name>.failed/.
    """
    _check_names(name, labels)
    shipping = Shipping(targets)
    shipping.check()
    folder = Path(folder)
    start = time.perf_counter()
    check_folder(folder, name)
    model, source = load_model(model)
    rows = read_rows(model, load_rows(rows))
    places, held_out = _split(len(next(iter(rows.values()))), seed)
    parts = take_apart(model, rows, places, labels=tuple(labels))
    train, test = _row_sets(parts, places, held_out)
    made, refused = _make(name, parts, shipping, train, seed=seed)
    rungs, answers = climb_all(made, shipping.runs_on(), test, refused=refused)
    facts = _facts(
        made,
        rungs,
        test,
        notes=_notes(parts, len(test)),
        failed=failed_own(made.signature, rungs, answers)
        or broken_budgets(shipping.runs_on(), rungs),
    )
    facts.update(
        seed=seed,
        source={**source, "duplicates": dict.fromkeys(DUPLICATES, 0), "suspects": []},
        seconds={"export": round(time.perf_counter() - start, 2)},
        about=f"A Keras model of the user's own, as it was handed over: {len(places):,} rows "
        "calibrated its int8 form, nothing was trained.",
    )
    files = _files(made, facts, answers, test)
    passed = facts["gate"]["passed"]
    bundle = Bundle(write_bundle(folder / (name if passed else f"{name}.failed"), files))
    if not passed:
        raise VerifyError(
            facts["gate"]["failed_step"],
            expected=f"at most {facts['judge']['tolerance']} lost from "
            "Keras to the last form, and budgets kept",
            fix=f"see {bundle.folder / 'report.html'}; {_rows_wanted(len(test))} that look like "
            "those of use, or train the model quantization-aware",
        )
    return bundle


def _make(name, parts, shipping, train, *, seed):
    """What ships, and rung → why a target that is not required is left out. Raises RecipeError
    where one that is cannot be.
    """
    refused = ask_targets(shipping.runs_on(), parts.signature, parts.model)
    rows = to_ports(parts.signature, train)
    made = ExportedModel(name, parts.signature, parts.model, {}, rows, seed, train)
    made, refused_files = convert_forms(made, shipping, copies=_num_copies(parts.model))
    refused |= refused_files
    return write_files(made, shipping, refused=refused), refused


def load_model(model: object):
    """(keras.Model, facts of its source) of a model or the path of a .keras file, of which no code
    is run. Raises ExportError for what is none.
    """
    import keras

    if isinstance(model, keras.Model):
        return model, {"name": f"the model {model.name!r}", "sha256": ""}
    import hashlib

    path = Path(str(model))
    try:
        content = read_regular(path, MAX_KERAS_BYTES)
        _refuse_code(read_config(content), path)
        loaded = load_keras(content)
    except ExportError:
        raise
    except FileNotFoundError:
        raise ExportError(
            f"no file {str(path)!r}", expected="a .keras file", fix="correct the path"
        ) from None
    except (
        Exception
    ) as error:  # Keras raises nothing narrower: whatever it is, the file is not a model
        if isinstance(error, OSError):
            said = error.strerror
        else:
            said = f"{type(error).__name__}: {str(error)[:300]}"
        raise ExportError(
            f"{str(path)!r} cannot be loaded as a Keras model: {said}",
            expected="a .keras file of built-in layers, saved by Keras 3",
            fix="model.save('model.keras')",
        ) from error
    return loaded, {"name": path.name, "sha256": hashlib.sha256(content).hexdigest()}


def _refuse_code(config, path):
    """Raises ExportError, naming the layer, where a model's configuration asks for code that is not
    Keras' own.
    """
    if isinstance(config, Mapping):
        kind = config.get("class_name")
        module = config.get("module")
        inner = config.get("config")
        if isinstance(inner, Mapping):
            name = inner.get("name", "?")
        else:
            name = "?"
        if kind in ("Lambda", "__lambda__"):
            refuse(
                f"{path.name!r} holds a Lambda layer ({name!r})",
                expected="built-in layers: a Lambda layer is code, and no code is loaded",
                fix="write it with built-in layers or keras.ops",
            )
        if kind == "function" and module == "builtins" and isinstance(inner, str):
            refuse(
                f"{path.name!r} holds the custom function {inner!r}",
                expected="built-in layers and activations: no code is loaded",
                fix="write it with built-in layers or keras.ops",
            )
        foreign = isinstance(module, str) and not re.match(r"(keras|builtins)(\.|$)", module)
        # A class of the user's, registered or not, has no module in the file, or its own.
        if kind and (foreign or (module is None and config.get("registered_name"))):
            refuse(
                f"{path.name!r} holds the custom {kind} {name!r}",
                expected="built-in layers: no code is loaded",
                fix="write it with built-in layers",
            )
    for each in (
        config.values()
        if isinstance(config, Mapping)
        else config
        if isinstance(config, list)
        else ()
    ):
        _refuse_code(each, path)


def load_rows(rows: object) -> Mapping[str, np.ndarray] | np.ndarray:
    """The arrays of an .npy or .npz file; arrays as they are. Raises ExportError for what cannot be
    read; a file that holds pickled objects is refused, since reading one runs code.
    """
    if not isinstance(rows, (str, Path)):
        return rows
    try:
        return read_arrays(Path(rows))
    except (OSError, ValueError) as error:
        if isinstance(error, OSError):
            said = error.strerror or error
        else:
            said = error
        raise ExportError(
            f"the rows {str(rows)!r} cannot be read: {said}",
            expected="an .npy or .npz file of numbers",
            fix="np.save('rows.npy', rows)",
        ) from error


def take_apart(
    model, rows: dict[str, np.ndarray], places: np.ndarray, *, labels: tuple[str, ...] = ()
) -> Parts:
    """A Keras model and its rows as the runner and the converter want them. `places`: int [n], the
    rows that may be learned from. Raises ExportError for what has no form on a device, VerifyError
    where the rewritten model says something else than the given one.
    """
    names = list(rows)
    flat = flatten(model)
    if not np.issubdtype(np.dtype(str(flat.outputs[0].dtype)), np.floating):
        refuse(
            f"the model gives {flat.outputs[0].dtype}",
            expected="numbers, logits or probabilities",
            fix="cut the model before its argmax",
        )
    by_flat = dict(
        zip((tensor.name for tensor in flat.inputs), (rows[name] for name in names), strict=True)
    )
    own = own_inputs(flat, by_flat)
    said = _say(model, rows)
    flat, own = in_front(flat, own, {name: x[places] for name, x in by_flat.items()})
    if labels:
        flat, activation = without_last_activation(flat)
    else:
        flat, activation = (flat, "")
    whole = ported(flat, own)
    num_outputs = whole.outputs[0].shape[1]
    target = _target(labels, num_outputs, activation)
    signature = Signature(
        columns=tuple(column for each in own for column in each.columns),
        target=target,
        primitives=tuple(primitive for each in own for primitive in each.primitives),
        inputs=tuple(each.port for each in own),
        output=Port(
            "output", (num_outputs,), "float32", "log-odds" if labels else "as the model gives it"
        ),
        decisions={form: (0.0,) * num_outputs for form in ("float32", "int8")} if labels else {},
    )
    signature.check()
    columns = {}
    for each, x in zip(own, by_flat.values(), strict=True):
        columns.update(each.raw(x))
    signature = replace(
        signature,
        ranges=value_ranges(
            signature,
            TrainSet(
                x={key: x[places] for key, x in columns.items()},
                y=said[places],
                ids=places,
                schema=Schema(signature.columns, target),
            ),
        ),
    )
    parts = Parts(whole, signature, columns, said, activation)
    _check_same(parts, half=any("16" in str(layer.compute_dtype) for layer in model.layers))
    return parts


def _target(labels, num_outputs, activation):
    if not labels:
        return Target("output", RegressionTask.name)
    if num_outputs == 1 and len(labels) == 2:
        return Target("label", BinaryTask.name, labels)
    if num_outputs != len(labels):
        refuse(
            f"{len(labels)} labels for {num_outputs} outputs",
            expected=f"{max(num_outputs, 2)} labels",
            fix="name each output in its order; of one sigmoid output the class of 0 first, "
            "then that of 1",
        )
    if activation == "sigmoid":
        refuse(
            f"{num_outputs} sigmoid outputs with labels: a row may have several",
            expected="one label a row (softmax)",
            fix="export without labels: the outputs are then the probabilities",
        )
    return Target("label", MulticlassTask.name, labels)


def _say(model, rows):
    """What the given model says to the rows, float32 [rows, outputs]."""
    inputs = [rows[tensor.name] for tensor in model.inputs]
    said = []
    for start in range(0, len(inputs[0]), 256):
        batch = [
            x[start : start + 256].astype(str(tensor.dtype))
            for x, tensor in zip(inputs, model.inputs, strict=True)
        ]
        said.append(_called(model, _structured(model, batch)))
    said = np.concatenate(said)
    if not np.isfinite(said).all():
        refuse(
            "the model itself answers with NaN or infinity",
            expected="numbers",
            fix="look at its weights",
        )
    return said.reshape(len(said), -1)


def _called(model, batch):
    """What the model itself answers, float32 [rows, ...]. A configuration can be one that Keras
    loads and cannot run.
    """
    try:
        return np.asarray(model(batch, training=False), np.float32)
    except Exception as error:  # of whatever layer: Keras raises nothing narrower
        raise ExportError(
            f"the model cannot answer the rows: {type(error).__name__}: {str(error)[:300]}",
            expected="a model that model.predict runs",
            fix="try model.predict(rows) with this file",
        ) from error


def _structured(model, batch):
    import keras

    return keras.tree.pack_sequence_as(
        model.input if not isinstance(model, keras.Sequential) else batch[0], batch
    )


def _check_same(parts, *, half):
    from ..verify.ladder import KerasInterpreter

    prepared = Runner(parts.signature, None, form="float32").prepare(parts.columns)
    found = _activated(KerasInterpreter(parts.model).run(prepared), parts.activation)
    if half:
        most = MOST_CHANGED_HALF
    else:
        most = MOST_CHANGED
    changed = changed_too_much(found, parts.said, most)
    if changed:
        raise VerifyError(
            f"the model as it would ship differs from the one given by {changed}",
            expected=f"at most {most:g} standard deviations",
            fix="a layer means something else on a device: export parts of the model to find it",
        )


def _activated(logits, activation):
    if activation == "softmax":
        shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
        return shifted / shifted.sum(axis=1, keepdims=True)
    if activation == "sigmoid":
        return 1 / (1 + np.exp(-logits))
    return logits


def _check_names(name, labels):
    if not NAME_PATTERN.fullmatch(name):
        raise RecipeError(
            f"the name {name!r}", expected="letters, digits, - and _", fix="--name my_model"
        )
    if (
        len(set(labels)) < len(labels)
        or len(labels) == 1
        or not all(isinstance(each, str) and each for each in labels)
    ):
        raise RecipeError(
            f"the labels {', '.join(map(str, labels))}",
            expected="two or more names, each once",
            fix="--labels cat,dog",
        )
    no_text = [
        each
        for each in labels
        if "\0" in each or any("\ud800" <= letter <= "\udfff" for letter in each)
    ]
    if no_text:
        raise RecipeError(
            f"the label {shorten(no_text[0])}",
            expected="names that can be written as UTF-8",
            fix="--labels cat,dog",
        )


def _split(num_rows, seed):
    """Places of calibration rows and of others to judge on."""
    if num_rows < MIN_ROWS:
        refuse(
            f"{num_rows} rows",
            expected=f"at least {MIN_ROWS}, half to calibrate and half to verify",
            fix="bring more rows; hundreds are better",
        )
    order = np.random.default_rng(seed).permutation(num_rows)
    calibration = min(num_rows // 2, MAX_CALIBRATION_ROWS)
    return np.sort(order[:calibration]), np.sort(
        order[calibration : calibration + MAX_HELD_OUT_ROWS]
    )


def _row_sets(parts, places, held_out):
    """TrainSet and HeldOut of raw columns; y is what the given model says."""
    target = parts.signature.target
    y = task_of(target).truth_of_outputs(parts.said, activated=bool(parts.activation))
    schema = Schema(parts.signature.columns, target)
    return tuple(
        kind(
            x={key: x[where] for key, x in parts.columns.items()},
            y=y[where],
            ids=where,
            schema=schema,
        )
        for kind, where in ((TrainSet, places), (HeldOut, held_out))
    )


def _num_copies(model):
    """Finer outputs where they are cheap: the copies are of a last dense layer."""
    last = model.operations[-1]
    plain = (
        type(last).__name__ == "Dense" and last.use_bias and last.activation.__name__ == "linear"
    )
    if plain and last is model.layers[-1] and last.units <= MAX_STAGGERED:
        return NUM_COPIES
    return 1


def _deciding(target):
    if target.labels:
        return "accuracy"
    return "r2"


def _rows_wanted(num_judged):
    wanted = num_rows_wanted(ALLOWED["accuracy"])
    if num_judged < wanted:
        return (
            f"provide at least {2 * wanted} rows ({num_judged} judge here, of which one is "
            f"{1 / num_judged:.0%})"
        )
    return "provide more rows"


def _notes(parts, num_judged):
    notes = [
        *parts.notes,
        "The truth that every form is scored against is what the given Keras model says",
    ]
    if num_judged < num_rows_wanted(ALLOWED["accuracy"]):
        notes.append(f"Only {num_judged} rows judge: {_rows_wanted(num_judged)}")
    if parts.signature.target.labels and parts.activation:
        notes.append(
            f"The {parts.activation} that the model ends with was taken off: it changes no label, "
            "and int8 is finer before it"
        )
    return notes


def _facts(made, rungs, test, *, notes, failed):
    """The content of report.json."""
    signature = made.signature
    deciding = _deciding(made.signature.target)
    facts = {
        "name": made.name,
        "target": asdict(signature.target),
        "output_unit": signature.output.unit,
        "judge": {
            "deciding": deciding,
            "threshold": "none",
            "tolerance": ALLOWED[deciding],
            "quantile": 0.99,
            "beside": False,
            "min_agreement": 0.0,
        },
        "split": "half of the rows, drawn with the seed",
        "rows": {"train": 0, "valid": 0, "test": len(test), "trained_on": 0},
        "notes": notes,
        "versions": versions(),
        "gate": {"passed": not failed, "failed_step": failed},
        "scores": {rung.form: rung.scores for rung in rungs if rung.scores},
        "ladder": [asdict(rung) for rung in rungs],
        "decisions": {form: list(offsets) for form, offsets in signature.decisions.items()},
        "thresholds": {},
        "probabilities": "none",
        "compression": [],
        "balancing": None,
        "baselines": None,
        "per_series": [],
        "margin": None,
        "columns": _column_facts(signature),
        "per_class": [],
        "history": {},
        "constant": None,
        "texts": None,
        "use": how_to_use(signature, made.name),
    }
    return to_plain(
        {
            **facts,
            "cautions": unlike_keras(
                facts, fix="more rows that look like those of use calibrate it better"
            ),
        }
    )


def _column_facts(signature):
    """A line an input: columns of one input are alike."""
    lines = []
    for port in signature.inputs:
        pack = next(each for each in signature.primitives if getattr(each, "into", "") == port.name)
        first = pack.columns[0]
        last = pack.columns[-1]
        kind = next(column.kind for column in signature.columns if column.name == first)
        lines.append(
            {
                "name": first if first == last else f"{first} … {last}",
                "kind": kind,
                "missing_share": None,
                "why": f"the input {port.name!r} {list(port.shape)}, {port.unit}",
                "used": True,
            }
        )
    return lines


def _files(made, facts, answers, test):
    """Relative name → content of everything that the bundle holds."""
    target = replace(made.signature.target, name="what Keras says")
    first = task_of(target).pictures(test.y, answers["litert_int8"], target)[0]
    _, drawn = first.content()
    return {
        **made.files,
        "signature.json": as_json(made.signature.to_json()),
        "report.json": as_json(facts),
        "report.html": page(
            facts,
            [("int8 against Keras", drawn)],
            {"export": facts["source"]["name"], "labels": list(target.labels)},
        ),
        "golden.json": as_json(golden(made.signature, made.tflite["int8"], test)),
        "README.md": _card(facts),
    }


def _card(facts):
    """README.md of the bundle."""
    lines = [
        f"# {facts['name']}",
        "",
        prose(facts["about"]),
        "",
        f"Agreement and differences are from the given model, on {facts['rows']['test']:,} rows "
        "that did not calibrate.",
        "",
        *caution_lines(facts),
        *ladder_table(facts, ()),
        "",
        "## Inputs",
        "",
        *(
            f"- {code(line['name'])}: {line['kind']}, {plain(line['why'])}"
            for line in facts["columns"]
        ),
        "",
        "## Use",
        "",
        *use_lines(facts),
    ]
    return "\n".join(lines)
