"""What fills a slot best, and what plain pipelines do on the same folds: `make compare`.

    python -m tests.bench_compare [balance loss ensemble] [--names birds_mlp credit_mlp]

Each member that suits the slot of a small recipe (one net, nothing balanced, no teacher), and the
pipelines of scikit-learn and imbalanced-learn of `plain`, on the same folds inside the rows that
are no test rows. Prints a table of Markdown a slot: the deciding metric, how far it is ahead of the
recipe as it is, and the 95 % interval of the corrected resampled t-test. Bold: Holm's p is below
.05. Imputers, on rows with more numbers taken away: `python -m tests.bench_imputers`.
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.studies.compare import Comparison, compare
from pipelines.studies.corrected import Difference, hold_against
from pipelines.studies.workers import Workers
from pipelines.tasks.metrics import direction
from tests.bench_compare.plain import fold_splits, plain_scores
from tests.bench_compare.small import NAMES, unbalanced

SLOTS = ("balance", "loss", "ensemble")


@dataclass(frozen=True)
class Column:
    """One recipe in the table of a slot.

    Attributes:
        comparison: Of everything that suits.
        plain: Each pipeline → its scores, one a fold.
    """

    comparison: Comparison
    plain: Mapping[str, Sequence[float]]

    def ours(self) -> dict[str, str]:
        """Returns each member of the slot → its cell."""
        found = self.comparison
        cells = {"as it is": number(found.mean(found.usual).mean)}
        differences = found.differences()
        for member in found.others:
            if member.words in differences:
                mean = found.mean(member).mean
                cells[member.words] = cell(mean, differences[member.words])
        return cells

    def theirs(self) -> dict[str, str]:
        """Returns each pipeline → its cell."""
        found = self.comparison
        differences = hold_against(
            found.usual.scores,
            list(self.plain.values()),
            sign=direction(found.deciding),
            test_share=found.test_share,
        )
        cells = {}
        for (words, scores), difference in zip(self.plain.items(), differences, strict=True):
            cells[words] = cell(sum(scores) / len(scores), difference)
        return cells


def number(value: float) -> str:
    """Returns a score with three digits, without the zero before the point."""
    return f"{value:.3f}".replace("0.", ".", 1)


def cell(mean: float, difference: Difference) -> str:
    """Returns a score, and how far it is ahead with its interval; bold where that is no noise."""
    ahead = difference.ahead
    ends = f"{number(ahead.low)}, {number(ahead.high)}".replace("-", "−")
    step = number(abs(ahead.mean))
    sign = "−" if ahead.mean < 0 else "+"
    words = f"{number(mean)}, {sign}{step} [{ends}]"
    if difference.is_noise:
        return words
    return f"**{words}**"


def print_table(columns: Mapping[str, Column]) -> None:
    """Prints the members of a slot and then the pipelines, a column a recipe."""
    heads = [f"{name}, {each.comparison.deciding}" for name, each in columns.items()]
    print(f"| | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    for part in (Column.ours, Column.theirs):
        cells = [part(each) for each in columns.values()]
        rows = dict.fromkeys(words for each in cells for words in each)
        for words in rows:
            print(f"| {words} | {' | '.join(each.get(words, '–') for each in cells)} |")
    for name, each in columns.items():
        print(f"{name}: {each.comparison.verdict()}")
        for words, reason in each.comparison.refused.items():
            print(f"  {words}: {reason}")


def main() -> None:
    """Prints the table of each slot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("slots", nargs="*", default=SLOTS)
    parser.add_argument("--names", nargs="+", default=NAMES)
    parser.add_argument("--folder", type=Path, default=Path("saved_models/compare"))
    parser.add_argument("--most-rows", type=int, default=2_000)
    parser.add_argument("--folds", type=int, default=3)
    parser.add_argument("--engine", default="local")
    options = parser.parse_args()
    workers = Workers(options.engine, folder=options.folder)
    given = {"num_folds": options.folds, "most_rows": options.most_rows}
    for slot in options.slots:
        columns = {}
        for name in options.names:
            recipe = unbalanced(name)
            found = compare(
                recipe,
                slot,
                workers=workers,
                **given,
            )
            plain = plain_scores(
                slot,
                fold_splits(recipe, **given),
                threshold=recipe.judge.threshold,
                metric=found.deciding,
            )
            columns[name] = Column(found, plain)
        print(f"\n{slot}: {options.folds} folds, {options.most_rows:,} rows at most, seed 0\n")
        print_table(columns)


if __name__ == "__main__":
    main()
