"""Question 32: from a table to C on a simulated microcontroller, and what is lost on the way."""

import io
import tempfile
from contextlib import redirect_stdout
from dataclasses import dataclass, replace

from ..bundle.explain import explain
from ..bundle.folder import read_golden_rows
from ..run import run
from ..tabular import CREDIT, Mlp
from ..targets.shipping import Shipping
from .frame import Answer, Findings, bars, below, exactly, within

FORMS = {
    "keras": "Keras",
    "litert_float32": "LiteRT float32",
    "litert_int8": "LiteRT int8",
    "micro_int8": "TFLM int8",
    "c_int8": "C int8",
}
RECIPE = replace(
    CREDIT,
    name="line",
    build=Mlp(widths=(32, 16), num_members=2),
    training=replace(CREDIT.training, epochs=12),
    judge=replace(CREDIT.judge, peers=False, beside=False),
    shipping=Shipping(),
)
SHOWN = "Age"  # whose way through the line is written out
ENDS = ("model", "score", "answer")


@dataclass(frozen=True)
class Deployment(Answer):
    """Runs the whole line on credit, and asks every form of the model for the test rows."""

    number = 32
    question = "What are the steps from data to a deployed model?"
    claim = (
        "Read, split, prepare, train, evaluate, convert and deploy: what was evaluated in the "
        "training framework is what runs on the device; int8 makes it four times smaller and "
        "costs a little of the score."
    )
    known = (
        "float32 keeps the answers, int8 changes some of larger nets: the file that ships is to "
        "be judged, on its own runtime, from raw rows. Of a small file much is no weights, so "
        "that it shrinks less than four times. Kernels of one runtime round as those of another "
        "only if they are made to. What breaks is rarely the net: it is the preparation that is "
        "written a second time for the device, and data that change."
    )
    sources = (
        "Jacob et al. 2018, int8, https://arxiv.org/abs/1712.05877",
        "Sculley et al. 2015, debt of systems, https://papers.neurips.cc/paper/5656-hidden-"
        "technical-debt-in-machine-learning-systems",
        "David et al. 2021, TFLM, https://arxiv.org/abs/2010.08678",
    )
    by_hand = """
import numpy as np
w = np.random.default_rng(0).normal(size=6).astype(np.float32)
scale = np.abs(w).max() / 127
print(w, np.round(w / scale).astype(np.int8) * scale)  # four bytes a weight, and one
"""

    def measure(self) -> Findings:
        with tempfile.TemporaryDirectory() as folder, redirect_stdout(io.StringIO()):
            bundle = run(RECIPE, folder=folder)
            ladder = {rung["form"]: rung for rung in bundle.report["ladder"]}
            row = _one_row(bundle)
        rungs = {name: ladder[form] for form, name in FORMS.items()}
        table = {}
        for name, rung in rungs.items():
            table[name] = {
                "ROC-AUC": exactly(rung["scores"]["roc_auc"]),
                "answers as Keras": exactly(rung["agreement"]),
                "size, 100 kB": exactly(rung["size_bytes"] / 1e5),
            }
        single, int8, code = (rungs[name] for name in ("LiteRT float32", "LiteRT int8", "C int8"))
        change = int8["scores"]["roc_auc"] - rungs["Keras"]["scores"]["roc_auc"]
        smaller = int8["size_bytes"] / single["size_bytes"]
        cost = ""
        if code["instructions"]:
            cost = f" On a Cortex-M4 C takes {code['instructions']:,} instructions a row."
        return Findings(
            f"{int8['num_rows']:,} raw test rows of credit (split seed 0) through the whole line "
            f"of each form, of C the first {code['num_rows']}.{cost} One row: {row}",
            bars("One model in five forms", table, y="share, 100 kB"),
            (
                within("float32: every answer as in Keras", exactly(single["agreement"]), 1, 1),
                within("int8: every answer too", exactly(int8["agreement"]), 1, 1),
                within("its ROC-AUC changes by less than .005", exactly(change), -0.005, 0.005),
                below("its file is a quarter of float32's, .28 at most", exactly(smaller), 0.28),
                within("C gives the labels of TFLM", exactly(code["runner_agreement"]), 1, 1),
            ),
        )


def _one_row(bundle):
    """The way of one cell and of the answer of a row, in words."""
    lines = explain(bundle.runner(), read_golden_rows(bundle.folder)[0])
    steps = [f"{stage} {value}" for stage, what, value in lines if what.startswith(SHOWN)]
    ends = [f"{stage} {value}" for stage, _, value in lines if stage in ENDS]
    return "; ".join([*steps, *ends]) + "."
