"""Balancers against the same of imbalanced-learn, on the numbers of credit: these standardize them,
as ours do, and nothing is left to do with what they draw.
"""

import numpy as np
from imblearn.combine import SMOTETomek
from imblearn.over_sampling import ADASYN, SMOTE, RandomOverSampler
from sklearn.preprocessing import StandardScaler

from pipelines.balance import Adasyn, OversampleRandom, Smote, SmoteTomek
from pipelines.rows.parts import TrainSet
from pipelines.steps import ImputeMedian, fit_steps
from pipelines.steps.step import is_numeric
from pipelines.tabular import CREDIT

from .pairs import Pair, pairs_of, timed
from .rows import splits_of

SEED = 0


def numbers_of_credit() -> TrainSet:
    """Returns training rows, of which every column is a number and none is missing."""
    train = splits_of(CREDIT).train
    train = train.with_columns({name: x for name, x in train.x.items() if is_numeric(x)})
    _, filled = fit_steps((ImputeMedian(),), train)
    return filled


def bench() -> list[Pair]:
    """Returns the pair of each balancer."""
    train = numbers_of_credit()
    x = np.stack(list(train.x.values()), axis=1)

    def plain(sampler):
        return sampler.fit_resample(StandardScaler().fit_transform(x), train.y)

    balancers = (
        (OversampleRandom(), RandomOverSampler(random_state=SEED)),
        (Smote(), SMOTE(random_state=SEED)),
        (Adasyn(), ADASYN(random_state=SEED)),
        (SmoteTomek(), SMOTETomek(random_state=SEED)),
    )
    pairs = []
    for spec, sampler in balancers:
        ways = {
            "ours": timed(lambda spec=spec: spec.resample(train)),
            type(sampler).__name__: timed(lambda sampler=sampler: plain(sampler)),
        }
        what = f"{type(spec).__name__}, {len(x):,} x {x.shape[1]}"
        pairs += pairs_of(what, ways)
    return pairs
