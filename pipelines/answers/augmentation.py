"""Question 31: what altered copies of rows gain, by kind of data, kind of alteration and rows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..recipe import Recipe
from ..slots import Augmentation, Network
from ..text import REMARKS, AugmentDelete, TextCnn
from ..timeseries import GUN_POINT, AugmentJitter, AugmentScaling, SeriesFcn
from ..training.optimizers import AdamW
from ..vision import AugmentCrop, AugmentFlip, AugmentRotation
from .frame import Answer, Findings, above, bars, estimate, net_rows
from .frame.flat_cnn import SMALL_CLOTHES, FlatCnn


@dataclass(frozen=True)
class Case:
    """A net on some rows, without and with what alters them."""

    recipe: Recipe
    net: Network
    num_rows: int
    num_steps: int
    ways: dict[str, tuple[Augmentation, ...]]
    batch: int = 32


PLAIN = "none"
FLIPS = "flips and shifts"
TURNS = "turns by any angle"
FLIPPED = (AugmentFlip(), AugmentCrop(pixels=1))
TURNED = (AugmentRotation(degrees=180.0),)
JITTERED = (AugmentJitter(), AugmentScaling())
DELETED = (AugmentDelete(),)
FEW = "50 pictures"
MANY = "200 pictures"
CNN = FlatCnn()
FCN = SeriesFcn(widths=(16, 32), kernels=(8, 5))
TEXT = TextCnn(kernels=(1, 2, 3), width=32)
CASES = {
    FEW: Case(SMALL_CLOTHES, CNN, 50, 120, {FLIPS: FLIPPED, TURNS: TURNED}),
    MANY: Case(SMALL_CLOTHES, CNN, 200, 120, {FLIPS: FLIPPED}),
    "45 series": Case(GUN_POINT, FCN, 45, 100, {"jitter and scaling": JITTERED}, 15),
    "500 texts": Case(REMARKS, TEXT, 500, 120, {"words deleted": DELETED}),
}


@dataclass(frozen=True)
class AlteredCopies(Answer):
    """Trains on clothes, motions of a hand and remarks, with and without altered copies."""

    number = 31
    question = "What is data augmentation?"
    claim = (
        "Altered copies of the rows are more rows: flips, turns, noise or dropped words make a "
        "net better on new rows, with few rows most of all, and whatever the data."
    )
    known = (
        "A copy helps if the label stays true and new rows vary in that way; it is a belief "
        "about the data, not more data. Clothes that are turned keep their name, but "
        "no test picture is turned, so that the net learns what it is never asked. Gains need "
        "more epochs, as each copy is harder; for texts they are small."
    )
    sources = (
        "Shorten and Khoshgoftaar 2019, pictures, https://doi.org/10.1186/s40537-019-0197-0",
        "Iwana and Uchida 2021, series, https://doi.org/10.1371/journal.pone.0254841",
        "Wei and Zou 2019, texts, https://arxiv.org/abs/1901.11196",
    )
    by_hand = """
import numpy as np
picture = np.arange(6).reshape(2, 3)
print(picture[:, ::-1], np.roll(picture, 1, axis=1), np.rot90(picture), sep="\\n")
"""
    num_seeds: int = 3

    def measure(self) -> Findings:
        table, gained, parts = {}, {}, []
        for case_name, case in CASES.items():
            scores = self._scores(case)
            table[case_name] = {name: estimate(each) for name, each in scores.items()}
            for name in case.ways:
                gain = scores[name] - scores[PLAIN]
                gained[case_name, name] = gain
                parts.append(above(f"{case_name}: {name} help", estimate(gain)))
        further = gained[FEW, FLIPS] - gained[MANY, FLIPS]
        words = "flips and shifts help most where rows are few"
        parts.append(above(words, estimate(further)))
        return Findings(
            "Accuracy on test pictures of clothes (16 × 16 pixels) and motions of a hand, average "
            f"precision on remarks; 100 to 120 steps, {self.num_seeds} draws and seeds.",
            bars("Altered copies", table, y="score on new rows"),
            tuple(parts),
        )

    def _scores(self, case):
        rows = net_rows(case.recipe)
        ways: dict[str, Any] = {PLAIN: (), **case.ways}
        found: dict[str, Any] = {name: [] for name in ways}
        for seed in range(self.num_seeds):
            few = rows.few(case.num_rows, seed=seed)
            for name, augment in ways.items():
                fitted = few.fit(
                    case.net,
                    seed=seed,
                    num_steps=case.num_steps,
                    augment=augment,
                    batch_size=case.batch,
                    optimizer=AdamW(learning_rate=0.003),
                )
                score = rows.scores(fitted.model)[rows.deciding]
                found[name].append(score)
        return {name: np.array(each) for name, each in found.items()}
