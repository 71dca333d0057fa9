"""A small tree read out of a model: its branches in words, and its fidelity."""

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from pipelines.studies.interpret.surrogate import TreeInputs, branches


def test_branches_are_those_of_the_tree():
    random = np.random.default_rng(0)
    columns = {
        "size": random.normal(size=400),
        "site": np.array(["north", "south"], object)[random.integers(0, 2, 400)],
    }
    columns["size"][:5] = np.nan
    inputs = TreeInputs(("size", "site is north"), (("size", None), ("site", "north")), (0.0, 0.0))
    table = inputs.table(columns)
    assert not np.isnan(table).any() and set(table[:, 1]) == {0.0, 1.0}
    is_large = (table[:, 0] > 0.5) & (table[:, 1] == 1)
    answers = np.where(is_large, "yes", "no")
    tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(table, answers)
    lines = branches(tree, inputs, table)
    wanted = {line[0]: line[1:] for line in lines}
    number = str(int(is_large.sum()))
    yes = [(where, rest) for where, rest in wanted.items() if rest[0].startswith("yes")]
    assert len(yes) == 1 and yes[0][1] == ("yes (100%)", number)
    assert "size > " in yes[0][0] and "site is north" in yes[0][0]
    assert any("site is not north" in where for where in wanted)
    assert sum(int(rows) for _, rows in wanted.values()) == 400
