"""What the bundle of a user's own model holds: report.json, the page, README.md and the rest."""

from dataclasses import asdict, replace

from ..bundle.folder import as_json
from ..device.primitives import PackingPrimitive
from ..report.cautions import unlike_keras
from ..report.markdown import code, plain, prose
from ..report.use import how_to_use
from ..report.write import caution_lines, ladder_table, page, to_plain, use_lines, versions
from ..tasks import task_of
from ..verify.golden import golden
from .gate import ALLOWED


def gather_own_facts(made, rungs, test, *, notes, failed):
    """Returns the content of report.json, without source and seconds.

    Args:
        made: the ExportedModel.
        rungs: list of Rung, one a form.
        test: the HeldOut rows.
        notes: sentences for the report.
        failed: what is wrong, in words, or "".
    """
    signature = made.signature
    decisions = {form: list(offsets) for form, offsets in signature.decisions.items()}
    facts = {
        "name": made.name,
        "target": asdict(signature.target),
        "output_unit": signature.output.unit,
        "judge": _judge_facts(signature.target),
        "split": "half of the rows, drawn with the seed",
        "rows": {"train": 0, "valid": 0, "test": len(test), "trained_on": 0},
        "notes": notes,
        "versions": versions(),
        "gate": {"passed": not failed, "failed_step": failed},
        "scores": {rung.form: rung.scores for rung in rungs if rung.scores},
        "ladder": [asdict(rung) for rung in rungs],
        "decisions": decisions,
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
    fix = "more rows that look like those of use calibrate it better"
    facts["cautions"] = unlike_keras(facts, fix=fix)
    return to_plain(facts)


def _judge_facts(target):
    """Returns what decides and how much of it may be lost."""
    deciding = "r2"
    if target.labels:
        deciding = "accuracy"
    return {
        "deciding": deciding,
        "threshold": "none",
        "tolerance": ALLOWED[deciding],
        "quantile": 0.99,
        "beside": False,
        "min_agreement": 0.0,
    }


def _column_facts(signature):
    """Returns a line an input: columns of one input are alike."""
    kinds = {column.name: column.kind for column in signature.columns}
    packed = {}
    for primitive in signature.primitives:
        if isinstance(primitive, PackingPrimitive):
            packed[primitive.into] = primitive.columns
    lines = []
    for port in signature.inputs:
        names = packed[port.name]
        name = names[0]
        if len(names) > 1:
            name = f"{names[0]} … {names[-1]}"
        line = {
            "name": name,
            "kind": kinds[names[0]],
            "missing_share": None,
            "why": f"the input {port.name!r} {list(port.shape)}, {port.unit}",
            "used": True,
        }
        lines.append(line)
    return lines


def bundle_files(made, facts, answers, test):
    """Returns relative name → content of everything that the bundle holds.

    Args:
        made: the ExportedModel.
        facts: the content of report.json.
        answers: form → Answers on the held-out rows.
        test: the HeldOut rows.
    """
    target = replace(made.signature.target, name="what Keras answers")
    pictures = task_of(target).pictures(test.y, answers["litert_int8"], target)
    _, drawn = pictures[0].content()
    made_of = {"export": facts["source"]["name"], "labels": list(target.labels)}
    vectors = golden(made.signature, made.tflite["int8"], test)
    return {
        **made.files,
        "signature.json": as_json(made.signature.to_json()),
        "report.json": as_json(facts),
        "report.html": page(facts, [("int8 against Keras", drawn)], made_of),
        "golden.json": as_json(vectors),
        "README.md": _card(facts),
    }


def _card(facts):
    """Returns README.md of the bundle."""
    num_judged = facts["rows"]["test"]
    inputs = []
    for line in facts["columns"]:
        name = code(line["name"])
        inputs.append(f"- {name}: {line['kind']}, {plain(line['why'])}")
    lines = [
        f"# {facts['name']}",
        "",
        prose(facts["about"]),
        "",
        f"Agreement and differences are from the given model, on {num_judged:,} rows "
        "that did not calibrate.",
        "",
        *caution_lines(facts),
        *ladder_table(facts, ()),
        "",
        "## Inputs",
        "",
        *inputs,
        "",
        "## Use",
        "",
        *use_lines(facts),
    ]
    return "\n".join(lines)
