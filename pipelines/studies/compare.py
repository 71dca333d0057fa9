"""One slot of a recipe with everything that suits, on the same folds.

Each is held against the recipe as it is, fold by fold, by the corrected resampled t-test; as many
are compared at once, the p-values are Holm's (1979, https://www.jstor.org/stable/4615733).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..bundle.folder import as_json, check_folder
from ..engine.base import Engine
from ..engine.making import making
from ..engine.workspace import write_whole
from ..errors import RecipeError
from ..recipe import Recipe
from ..run import frame, read, split
from ..tasks.metrics import direction
from .alternatives import Alternatives, alternatives
from .corrected import Difference, FoldMean, hold_against, score_over_folds
from .member_folds import MOST_ROWS, MemberFolds, judge_members
from .workers import Workers


@dataclass(frozen=True)
class Comparison:
    """What a comparison of all that suits a slot gave.

    Attributes:
        name: of the recipe.
        slot: that was filled anew.
        split: of the recipe, in words; its test rows are in no fold.
        seed: of the trainings.
        usual: the recipe as it is.
        others: with something else in the slot, the best first.
        refused: what does not suit → the reason.
    """

    name: str
    slot: str
    split: str
    seed: int
    usual: MemberFolds
    others: tuple[MemberFolds, ...]
    refused: Mapping[str, str]

    @property
    def deciding(self) -> str:
        """The metric that decides."""
        return self.usual.folds[0].deciding

    def metric_words(self, metric: str) -> str:
        """Returns a metric as a reader sees it: of an error, which column it is of."""
        return self.usual.folds[0].metric_words(metric)

    @property
    def test_share(self) -> float:
        """Rows judged on / rows learned from, on average over the folds."""
        folds = self.usual.folds
        judged = sum(fold.num_rows["test"] for fold in folds)
        return judged / sum(fold.num_learned for fold in folds)

    @property
    def num_folds(self) -> int:
        """How many folds there are."""
        return len(self.usual.folds)

    def mean(self, member: MemberFolds) -> FoldMean:
        """Returns the deciding metric of a member over the folds."""
        return score_over_folds(self.deciding, member.scores, test_share=self.test_share)

    def differences(self) -> dict[str, Difference]:
        """Returns each member with a score → its difference from the recipe as it is."""
        scored = [member for member in self.others if member.scores]
        found = hold_against(
            self.usual.scores,
            [member.scores for member in scored],
            sign=direction(self.deciding),
            test_share=self.test_share,
        )
        pairs = zip(scored, found, strict=True)
        return {member.words: difference for member, difference in pairs}

    def verdict(self) -> str:
        """Returns the comparison in a sentence or two."""
        found = self.differences()
        if not found:
            return f"Nothing else could be compared with {self.usual.words}."
        test = f"corrected resampled t-test over {self.num_folds} folds, Holm for {len(found)}"
        real = {words: each for words, each in found.items() if not each.is_noise}
        if not real:
            least = min(each.p_value for each in found.values())
            return (
                f"All differences from {self.usual.words} are noise ({test}: the least p is "
                f"{least:.2g}). Nothing here is a reason to change it."
            )
        lines = []
        for word, sign in (("Better", 1), ("Worse", -1)):
            named = [words for words, each in real.items() if sign * each.ahead.mean > 0]
            if named:
                lines.append(f"{word} than {self.usual.words}: {', '.join(named)}.")
        if len(real) < len(found):
            lines.append("The other differences are noise.")
        return f"{' '.join(lines)} ({test})"

    def to_json(self) -> dict[str, Any]:
        """Returns all of it as values of JSON."""
        found = self.differences()
        members = []
        for member in (self.usual, *self.others):
            difference = found.get(member.words)
            scores = [fold.scores["int8"] for fold in member.folds]
            line: dict[str, Any] = {
                "words": member.words,
                "int8": scores,
                "note": member.note,
            }
            if difference is not None:
                ahead = vars(difference.ahead)
                line |= {"ahead": ahead, "p_value_holm": difference.p_value}
            members.append(line)
        return {
            "name": self.name,
            "slot": self.slot,
            "split": self.split,
            "seed": self.seed,
            "num_folds": self.num_folds,
            "deciding": self.deciding,
            "members": members,
            "refused": dict(self.refused),
            "verdict": self.verdict(),
        }


def compare(
    recipe: Recipe,
    slot: str,
    *,
    num_folds: int = 5,
    most_rows: int = MOST_ROWS,
    workers: Workers = Workers(),
) -> Comparison:
    """Judges a recipe with everything that suits one slot, on the same folds.

    The recipe's own test rows are in no fold: what is chosen by the table is still unseen by them.
    All of it is written to `workers.folder`/<name>.<slot>.json.

    Args:
        recipe: the slots in order.
        slot: see `alternatives`.
        num_folds: into which the rows are cut.
        most_rows: that are folded; more are sampled, but for steps in time. 0 is all of them.
        workers: who does the folds.

    Raises:
        PipelineError: the recipe as it is could not be judged.
    """
    if num_folds < 2:
        raise RecipeError(f"{num_folds} folds", expected="at least two", fix="--folds 5")
    check_folder(workers.folder, recipe.name)
    found = alternatives(recipe, slot)
    with making(workers.folder, f"{recipe.name}.{slot}"), workers.open() as engine:
        splits = frame(recipe, split(recipe, read(recipe).dataset))
        found = found.settled(splits.train.schema)
        usual, *others = _judge_all(
            found,
            num_folds,
            most_rows,
            engine,
        )
    if not usual.scores:
        raise usual.error or _no_score(recipe)
    result = Comparison(
        name=recipe.name,
        slot=slot,
        split=repr(recipe.split),
        seed=recipe.training.seed,
        usual=usual,
        others=_ranked(others, usual.folds[0].deciding),
        refused=found.refused,
    )
    place = workers.folder / f"{recipe.name}.{slot}.json"
    write_whole(place, as_json(result.to_json()).encode())
    return result


def _ranked(members, deciding):
    """Returns members in the order of the table: the best first, those without a score last."""
    sign = direction(deciding)

    def rank(member):
        if member.score is None:
            return (1, 0.0)
        return (0, -sign * member.score)

    return tuple(sorted(members, key=rank))


def _no_score(recipe):
    return RecipeError(
        f"{recipe.name!r} as it is has no score on the folds",
        expected="rows enough for a score in each fold",
        fix="--folds 3, or more rows",
    )


def _judge_all(
    found: Alternatives,
    num_folds: int,
    most_rows: int,
    engine: Engine,
) -> list[MemberFolds]:
    """Returns every member with its folds; one that cannot be judged on the first has no more."""
    candidates = (found.usual, *found.others)
    members = [MemberFolds(each.words) for each in candidates]
    pairs = list(zip(candidates, members, strict=True))
    for places in (range(1), range(1, num_folds)):
        judge_members(
            pairs,
            places,
            engine,
            num_folds=num_folds,
            most_rows=most_rows,
        )
    return members
