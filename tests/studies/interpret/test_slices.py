"""Error slices: one that was planted is found, and noise is not."""

import numpy as np
import pytest
from scipy import stats

from pipelines.studies.interpret.columns import Binned, binned, correlated_groups
from pipelines.studies.interpret.slices import find_slices


def columns_of(generator, num_rows, num_columns=6):
    names = ("a", "b", "c", "d")
    return {
        f"column {place}": Binned(names, generator.integers(0, 4, num_rows))
        for place in range(num_columns)
    }


def test_a_planted_pair_is_found_and_its_parts_are_not_listed_for_more():
    generator = np.random.default_rng(0)
    columns = columns_of(generator, 4000)
    planted = (columns["column 1"].codes == 2) & (columns["column 4"].codes == 0)
    errors = (generator.random(4000) < np.where(planted, 0.6, 0.1)).astype(float)
    found = find_slices(columns, errors, are_mistakes=True)
    assert found.has_pairs
    worst = found.slices[0]
    assert worst.where == (("column 1", "c"), ("column 4", "a"))
    assert worst.num_rows == planted.sum() and worst.error == pytest.approx(0.6, abs=0.07)
    others = [each for each in found.slices if len(each.where) == 2]
    assert others == [worst]


@pytest.mark.parametrize("are_mistakes", [True, False])
def test_of_errors_that_depend_on_nothing_few_sets_show_a_slice(are_mistakes):
    """Holm keeps the chance of any false slice to 5 %: 3 of 20 sets have a chance of 1.6 %."""
    num_sets = 0
    for seed in range(20):
        generator = np.random.default_rng(seed)
        columns = columns_of(generator, 1000)
        errors = (generator.random(1000) < 0.2).astype(float)
        if not are_mistakes:
            errors = np.abs(generator.normal(size=1000))
        found = find_slices(columns, errors, are_mistakes=are_mistakes)
        num_sets += bool(found.slices)
    assert num_sets <= 3


def test_the_p_values_are_those_of_scipy():
    generator = np.random.default_rng(1)
    columns = {"one": Binned(("a", "b"), generator.integers(0, 2, 300))}
    inside = columns["one"].codes == 1
    errors = np.abs(generator.normal(size=300)) + 0.5 * inside
    (found,) = find_slices(columns, errors, are_mistakes=False).slices
    wanted = stats.ttest_ind(
        errors[inside], errors[~inside], equal_var=False, alternative="greater"
    )
    assert found.p_value == pytest.approx(2 * wanted.pvalue)  # Holm: two slices
    mistakes = (errors > 1).astype(float)
    (found,) = find_slices(columns, mistakes, are_mistakes=True).slices
    table = [
        [mistakes[rows].sum(), rows.sum() - mistakes[rows].sum()] for rows in (inside, ~inside)
    ]
    wanted = stats.fisher_exact(table, alternative="greater")
    assert found.p_value == pytest.approx(2 * wanted.pvalue)


def test_small_groups_are_not_looked_at():
    codes = np.zeros(100, int)
    codes[:5] = 1
    found = find_slices({"one": Binned(("a", "b"), codes)}, codes * 1.0, are_mistakes=True)
    assert found.slices == () and found.num_looked_at == 0


def test_every_kind_of_column_has_groups():
    dates = np.array(["2020-01-01", "2021-01-01", "NaT"], "datetime64[s]")
    assert binned(dates).names == ("2020-01-01", "2021-01-01", "missing")
    texts = np.array(["one", "two words", ""], np.dtypes.StringDType())
    assert binned(texts).names == ("words: 0", "words: 1", "words: 2")
    words = np.array(["b", "a", "a", None, "c"], object)
    assert binned(words, max_values=2).names == ("a", "b", "other values", "missing")
    pictures = np.zeros((3, 2, 2, 1), np.uint8)
    assert binned(pictures).names == ("brightness 0",)
    numbers = binned(np.arange(100, dtype=np.float32))
    assert np.bincount(numbers.codes).tolist() == [20] * 5


def test_columns_that_go_together():
    generator = np.random.default_rng(0)
    one = generator.normal(size=200)
    columns = {"one": one, "falling": -np.exp(one), "free": generator.normal(size=200)}
    assert correlated_groups(columns, least=0.7) == [["one", "falling"]]
