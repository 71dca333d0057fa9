"""What balancers do, and do not: the claims of their papers on rows made for the purpose."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from pipelines import balance
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.rows.parts import Schema, TrainSet


def rows_of(num_rows=1000, *, share=0.1, apart=1.5, seed=0):
    """Two normal clouds in a plane, of which the second holds a share of the rows."""
    random = np.random.default_rng(seed)
    y = (random.random(num_rows) < share).astype(np.int64)
    x = random.normal(size=(num_rows, 2)) + apart * y[:, None]
    x = x.astype(np.float32)
    columns = {"a": x[:, 0], "b": x[:, 1]}
    schema = Schema(
        tuple(Column(name, "numeric") for name in columns), Target("y", "binary", ("no", "yes"))
    )
    return TrainSet(x=columns, y=y, ids=np.arange(num_rows), schema=schema)


def points(rows):
    return np.stack([rows.x["a"], rows.x["b"]], axis=1).astype(np.float64)


def standardized(rows, by):
    x = points(by)
    return (points(rows) - x.mean(axis=0)) / x.std(axis=0)


def made_rows(train, balanced):
    """The places of the rows that were made: imbalanced-learn puts the real ones first."""
    return np.arange(len(train), len(balanced))


def nearest(x, to, num):
    """Places of the nearest rows of `x`, the row itself left out if it is one of them."""
    return NearestNeighbors(n_neighbors=num).fit(x).kneighbors(to, return_distance=False)


def test_smote_makes_points_between_a_rare_row_and_a_neighbour():
    """Chawla et al. 2002, section 4.2, https://arxiv.org/abs/1106.1813: "along the line segments
    joining any/all of the k minority class nearest neighbors".
    """
    train = rows_of(400)
    balanced = balance.Smote(k_neighbors=3).resample(train)
    z = standardized(train, train)
    rare = z[train.y == 1]
    made = standardized(balanced, train)[made_rows(train, balanced)]
    starts = np.repeat(rare, 3, axis=0)
    ends = rare[nearest(rare, rare, 4)[:, 1:].ravel()]
    along = ends - starts
    for point in made:
        share = ((point - starts) * along).sum(axis=1) / (along**2).sum(axis=1)
        foot = starts + np.clip(share, 0, 1)[:, None] * along
        assert np.sqrt(((foot - point) ** 2).sum(axis=1)).min() < 1e-4


def test_smote_narrows_the_rare_class():
    """Elreedy and Atiya 2019, section 4, https://doi.org/10.1016/j.ins.2019.07.070: points between
    points vary less than they do.
    """
    ratios = []
    for seed in range(5):
        train = rows_of(600, seed=seed)
        balanced = balance.Smote().resample(train)
        made = points(balanced)[made_rows(train, balanced)]
        ratios.append(made.var(axis=0).mean() / points(train)[train.y == 1].var(axis=0).mean())
    assert 0.6 < np.mean(ratios) < 0.98


def test_svm_smote_makes_rows_nearer_to_the_border():
    """Nguyen et al. 2011, https://doi.org/10.1504/IJKESDP.2011.039875: new rows where the classes
    meet.
    """
    train = rows_of(800, apart=2.0)
    border = LogisticRegression().fit(points(train), train.y)

    def distance(balancer):
        balanced = balancer.resample(train)
        made = points(balanced)[made_rows(train, balanced)]
        return np.abs(border.decision_function(made)).mean()

    assert distance(balance.SmoteSvm()) < 0.9 * distance(balance.Smote())


def test_smote_n_gives_categories_that_rare_rows_have():
    """Chawla et al. 2002, section 6.2: the majority of the neighbours decides each category."""
    random = np.random.default_rng(0)
    y = (np.arange(300) % 10 == 0).astype(np.int64)
    first = np.where(y == 1, random.choice(["r", "s"], 300), random.choice(["s", "t"], 300))
    second = random.choice(["u", "v", "w"], 300)
    x = {"a": first.astype(object), "b": second.astype(object)}
    schema = Schema(
        tuple(Column(name, "categorical") for name in x), Target("y", "binary", ("no", "yes"))
    )
    train = TrainSet(x=x, y=y, ids=np.arange(300), schema=schema)
    balanced = balance.SmoteN().resample(train)
    made = made_rows(train, balanced)
    assert len(made) == 240 and (balanced.y[made] == 1).all()
    assert set(balanced.x["a"][made]) <= {"r", "s"}


def test_edited_neighbours_leave_out_what_a_neighbour_contradicts_and_nothing_else():
    """Wilson 1972, https://doi.org/10.1109/TSMC.1972.4309137; the rare class stays whole, as in
    imbalanced-learn.
    """
    train = rows_of(500)
    kept = balance.EditedNearestNeighbours().resample(train)
    z = standardized(train, train)
    around = nearest(z, z, 4)[:, 1:]
    is_contradicted = (train.y[around] != train.y[:, None]).any(axis=1)
    expected = np.flatnonzero((train.y == 1) | ~is_contradicted)
    np.testing.assert_array_equal(np.sort(kept.ids), expected)
    assert 0 < len(train) - len(kept) < 200


def test_a_tomek_link_is_two_rows_of_unlike_classes_each_the_others_nearest():
    """Tomek 1976, https://doi.org/10.1109/TSMC.1976.4309452."""
    train = rows_of(500)
    kept = balance.TomekLinks().resample(train)
    z = standardized(train, train)
    partner = nearest(z, z, 2)[:, 1]
    mutual = partner[partner] == np.arange(len(train))
    is_link = mutual & (train.y != train.y[partner])
    expected = np.flatnonzero(~(is_link & (train.y == 0)))
    np.testing.assert_array_equal(np.sort(kept.ids), expected)
    assert len(kept) < len(train)


def test_near_miss_keeps_the_frequent_rows_nearest_to_rare_ones():
    """Zhang and Mani 2003: NearMiss-1 takes the least mean distance to three rare rows."""
    train = rows_of(500)
    kept = balance.NearMiss().resample(train)
    z = standardized(train, train)
    neighbors = NearestNeighbors(n_neighbors=3).fit(z[train.y == 1])
    distances = neighbors.kneighbors(z)[0].mean(axis=1)
    frequent = np.flatnonzero(train.y == 0)
    expected = frequent[np.argsort(distances[frequent])[: (train.y == 1).sum()]]
    assert set(kept.ids[kept.y == 0]) == set(expected)


def test_near_miss_moves_the_border_that_random_rows_leave():
    """He and Garcia 2009, section 3.1.1, https://doi.org/10.1109/TKDE.2008.239: what is left out
    informs; here the rows nearest to the rare class pull the border far into it.
    """
    train = rows_of(3000)
    new = rows_of(3000, seed=9)

    def recall(balancer):
        rows = balancer.resample(train)
        fitted = LogisticRegression().fit(points(rows), rows.y)
        return fitted.predict(points(new))[new.y == 1].mean()

    assert recall(balance.NearMiss()) < recall(balance.UndersampleRandom()) - 0.1


def test_a_cluster_centre_is_the_mean_of_the_rows_nearest_to_it():
    """Lin et al. 2017, https://doi.org/10.1016/j.ins.2017.05.008: centres of k-means stand for the
    frequent class (MacQueen 1967).
    """
    train = rows_of(600, share=0.03)
    balanced = balance.ClusterCentroids().resample(train)
    centres = standardized(balanced, train)[balanced.y == 0]
    assert len(centres) == (train.y == 1).sum()
    z = standardized(train, train)[train.y == 0]
    belongs = nearest(centres, z, 1)[:, 0]
    means = np.stack([z[belongs == place].mean(axis=0) for place in range(len(centres))])
    np.testing.assert_allclose(means, centres, atol=1e-3)


def test_undersampling_changes_the_probabilities_and_not_the_ranking():
    """Elkan 2001, section 3, https://dl.acm.org/doi/10.5555/1642194.1642224; Dal Pozzolo et al.
    2015, https://doi.org/10.1109/SSCI.2015.33: the posterior is a rising function of the true one.
    """
    train = rows_of(6000, share=0.05)
    new = rows_of(6000, share=0.05, seed=9)
    plain = answers_to(new, train)
    under = answers_to(new, balance.UndersampleRandom().resample(train))
    assert abs(roc_auc_score(new.y, under) - roc_auc_score(new.y, plain)) < 0.005
    assert plain.mean() < 0.07 and under.mean() > 0.2


def answers_to(new, rows):
    """The probabilities of a logistic regression without a penalty."""
    fitted = LogisticRegression(C=1e6).fit(points(rows), rows.y, sample_weight=rows.weight)
    return fitted.predict_proba(points(new))[:, 1]


def test_the_odds_times_the_change_of_the_prior_restore_the_mean_probability():
    """Saerens et al. 2002, equation 2.4, https://doi.org/10.1162/089976602753284446; Elkan 2001,
    theorem 2.
    """
    train = rows_of(6000, share=0.05)
    new = rows_of(6000, share=0.05, seed=9)
    rows = balance.UndersampleRandom().resample(train)
    before = train.y.mean() / (1 - train.y.mean())
    learned = rows.y.mean() / (1 - rows.y.mean())
    answered = answers_to(new, rows)
    odds = answered / (1 - answered) * before / learned
    corrected = odds / (1 + odds)
    assert abs(corrected.mean() - new.y.mean()) < 0.01
    assert abs(answered.mean() - new.y.mean()) > 0.15


def test_weights_are_oversampling_without_the_copies():
    """Elkan 2001, section 3: a row of weight two is a row that stands there twice. The random draw
    comes as near as draws are even.
    """
    train = rows_of(3000)
    new = rows_of(3000, seed=9)
    weighted = answers_to(new, balance.WeightByClass().resample(train))
    copied = answers_to(new, balance.OversampleRandom().resample(train))
    assert np.abs(weighted - copied).max() < 0.05
    np.testing.assert_allclose(weighted.mean(), copied.mean(), atol=0.02)
