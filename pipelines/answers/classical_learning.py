"""Question 1: learned features against hand-made ones, raw values and trees, by kind of data."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..peers.pictures import PixelPeer
from ..peers.series import NeighbourPeer
from ..peers.tables import BoostingPeer
from ..peers.texts import TfidfPeer
from ..recipe import Recipe
from ..slots import Network
from ..tabular import CREDIT, Mlp
from ..tasks.metrics import score_classes
from ..text import REMARKS, TextCnn
from ..timeseries import GUN_POINT, SeriesFcn
from ..training.optimizers import AdamW
from .frame import Answer, Findings, above, bars, estimate, net_rows
from .frame.edges import EdgePeer
from .frame.flat_cnn import SMALL_CLOTHES, FlatCnn


@dataclass(frozen=True)
class Case:
    """A recipe, how many rows are learned from in how many steps, a net, and plain models."""

    recipe: Recipe
    num_rows: int
    num_steps: int
    net: Network
    peers: dict[str, Any]
    batch: int = 32


CNN = FlatCnn(dropout=0.2)
FCN = SeriesFcn(widths=(16, 32, 16))
TEXT = TextCnn(kernels=(1, 2, 3), width=32, token_dropout=0.4)
HAND_MADE, RAW = "hand-made features", "raw values"
OF_PICTURES = {HAND_MADE: EdgePeer(), RAW: PixelPeer()}
FEW, MANY = "200 pictures", "2,000 pictures"
CASES = {
    FEW: Case(SMALL_CLOTHES, 200, 150, CNN, OF_PICTURES),
    MANY: Case(SMALL_CLOTHES, 2000, 500, CNN, OF_PICTURES),
    "45 series": Case(GUN_POINT, 45, 120, FCN, {RAW: NeighbourPeer()}, 15),
    "2,000 texts": Case(REMARKS, 2000, 250, TEXT, {HAND_MADE: TfidfPeer()}),
    "2,000 customers": Case(CREDIT, 2000, 150, Mlp(num_members=2), {"trees": BoostingPeer()}),
}


@dataclass(frozen=True)
class ClassicalLearning(Answer):
    """Compares nets with plain models on clothes, motions, remarks and credit."""

    number = 1
    question = "How does deep learning differ from classical machine learning?"
    claim = (
        "Deep nets learn their features from raw data, where classical models need hand-made "
        "ones: they are better, the more so the more rows there are."
    )
    known = (
        "For pictures, sound and language it is so, with many rows or with nets that were "
        "trained on others. With few rows good hand-made features are hard to beat, and on "
        "tables, whose columns are features already, boosted trees are mostly as good or better."
    )
    sources = (
        "LeCun, Bengio and Hinton 2015, https://doi.org/10.1038/nature14539",
        "Grinsztajn et al. 2022, tables, https://arxiv.org/abs/2207.08815",
        "Wang and Manning 2012, texts, https://aclanthology.org/P12-2018",
    )
    by_hand = """
import numpy as np
picture = np.random.default_rng(0).random((28, 28))
down, across = np.gradient(picture)  # hand-made: edges. A net learns such differences itself
print(np.histogram(np.arctan2(down, across), 8, weights=np.hypot(down, across))[0].round(1))
"""
    num_seeds: int = 3

    def measure(self) -> Findings:
        table, ahead, parts = {}, {}, []
        read = {}
        for name, case in CASES.items():
            data = case.recipe.name
            if data not in read:
                read[data] = net_rows(case.recipe)
            rows = read[data]
            runs = [_scores(case, rows, seed) for seed in range(self.num_seeds)]
            names = ("net", *case.peers)
            scores = dict(zip(names, np.array(runs).T, strict=True))
            table[name] = {each: estimate(found) for each, found in scores.items()}
            for other in case.peers:
                ahead[name, other] = scores["net"] - scores[other]
                words = f"{name}: the net is better than {other}"
                parts.append(above(words, estimate(ahead[name, other])))
        grown = ahead[MANY, HAND_MADE] - ahead[FEW, HAND_MADE]
        parts.append(above("pictures: its lead grows with the rows", estimate(grown)))
        return Findings(
            "Test rows: accuracy, of texts and customers average precision; "
            f"{self.num_seeds} draws and seeds, nets of 120 to 500 steps. Hand-made: directions of "
            "edges, TF-IDF of words and pairs, with a linear model. Raw: pixels (16 × 16) with a "
            "linear model, the nearest series.",
            bars("Nets and plain models", table, y="score on new rows"),
            tuple(parts),
        )


def _scores(case, rows, seed):
    """Of the net, then of each plain model on the same rows."""
    few = rows.few(case.num_rows, seed=seed)
    knobs = {"batch_size": case.batch, "optimizer": AdamW(learning_rate=0.003)}
    fitted = few.fit(case.net, seed=seed, num_steps=case.num_steps, **knobs)
    found = [rows.scores(fitted.model)[rows.deciding]]
    order = np.random.default_rng(seed).permutation(len(rows.train))
    splits = rows.raw
    chosen = splits.train.take(order[: case.num_rows])
    for peer in case.peers.values():
        given = peer.fit(chosen).outputs(splits.test)
        scores = score_classes(splits.test.y, given.argmax(axis=1), given)
        found.append(scores[rows.deciding])
    return found
