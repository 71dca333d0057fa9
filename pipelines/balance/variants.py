"""Variants of SMOTE: where new rows are made, and how of categories alone."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..errors import BalanceError
from ..spec import knob
from .samplers import NumberSampler, SyntheticSampler
from .table import find_parents


@dataclass(frozen=True)
class SmoteSvm(SyntheticSampler):
    """SVM-SMOTE (Nguyen et al. 2011, https://doi.org/10.1504/IJKESDP.2011.039875): from the rare
    rows that support the border of a support vector machine.
    """

    def _sampler(self, nominal_places):
        from imblearn.over_sampling import SVMSMOTE

        return SVMSMOTE(k_neighbors=self.k_neighbors, random_state=self.seed)


@dataclass(frozen=True)
class SmoteKMeans(SyntheticSampler):
    """k-means SMOTE (Douzas et al. 2018, https://arxiv.org/abs/1711.00837): inside clusters that
    hold enough rare rows, more where these are sparse.

    Attributes:
        num_clusters: Of all training rows.
        least_share: Of rare rows in a cluster that new ones are made in.
    """

    k_neighbors: int = knob(2, 1, 1000, unit="rows")
    num_clusters: int = knob(8, 1, 10_000)
    least_share: float = knob(0.1, 0, 1)

    def _sampler(self, nominal_places):
        from imblearn.over_sampling import KMeansSMOTE
        from sklearn.cluster import KMeans

        clusters = KMeans(self.num_clusters, n_init=1, random_state=self.seed)
        return KMeansSMOTE(
            k_neighbors=self.k_neighbors,
            random_state=self.seed,
            kmeans_estimator=clusters,
            cluster_balance_threshold=self.least_share,
        )


@dataclass(frozen=True)
class SmoteN(SyntheticSampler):
    """SMOTE-N for categories alone (Chawla et al. 2002, section 6.2,
    https://arxiv.org/abs/1106.1813): each the most frequent of the neighbours', which are found by
    the value difference metric.
    """

    nominal: ClassVar[bool] = True

    def _sampler(self, nominal_places):
        from imblearn.over_sampling import SMOTEN

        return SMOTEN(k_neighbors=self.k_neighbors, random_state=self.seed)

    def _check(self, counts, table, train):
        self._check_counts(counts, train)
        if len(table.nominal_names()) < len(table.names):
            raise BalanceError(
                "SmoteN on numeric columns",
                expected="categories alone",
                fix="use SmoteNC() for numbers and categories, Smote() for numbers",
            )

    def _rows_of(self, table, drawn, y, origin):
        drawn = drawn.astype(np.float64)
        train = table.train
        origin = np.arange(len(drawn))
        points = table.points(table.matrix())
        parents = find_parents(table.points(drawn), y, points, train.y, origin)
        return table.to_rows(drawn, y, parents, origin)


@dataclass(frozen=True)
class ClusterCentroids(NumberSampler):
    """Replaces the rows of the frequent classes by centres of clusters, as many as the rarest class
    has rows (Lin et al. 2017, https://doi.org/10.1016/j.ins.2017.05.008).

    Attributes:
        seed: Of the clusters.
    """

    seed: int = knob(0, 0, 2**31 - 1)

    def _sampler(self, nominal_places):
        from imblearn.under_sampling import ClusterCentroids as Centroids
        from sklearn.cluster import KMeans

        # One start: of hundreds of clusters, ten would take minutes and lie as near.
        clusters = KMeans(n_init=1, random_state=self.seed)
        return Centroids(estimator=clusters, voting="soft", random_state=self.seed)

    def _kept(self, sampler, train):
        places = []
        for label in np.unique(train.y):
            own = np.flatnonzero(train.y == label)
            if label in sampler.sampling_strategy_:
                # Centres are rows that are not there.
                own = np.full(sampler.sampling_strategy_[label], len(train))
            places.append(own)
        return np.concatenate(places)
