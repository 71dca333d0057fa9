"""What may stand in one slot of a recipe instead of what stands there: what `compare` compares."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, replace
from types import MappingProxyType

from .. import catalog
from ..errors import PipelineError, RecipeError
from ..recipe import Candidate, Recipe
from ..rows.parts import Schema
from ..run import settle
from ..settings import written
from ..slots import Balancer, Loss, Step
from ..spec import knobs_of
from ..steps import FlagMissing
from ..training.losses import UsualLoss
from ..training.rule_loss import WithRules
from .ensembles import ensembles_of


@dataclass(frozen=True)
class Alternatives:
    """What stands in a slot, and what else may.

    Attributes:
        usual: The recipe as it is.
        others: The recipes with something else in the slot.
        refused: What cannot stand there → the reason.
    """

    usual: Candidate
    others: tuple[Candidate, ...]
    refused: Mapping[str, str]

    def settled(self, schema: Schema) -> "Alternatives":
        """Returns the same without what does not suit the data that were read.

        Args:
            schema: Of the training rows, framed.
        """
        suiting = []
        refused = dict(self.refused)
        for each in self.others:
            reason = _reason_against(lambda each=each: settle(each.recipe, schema))
            if reason:
                refused[each.words] = reason
            else:
                suiting.append(each)
        return replace(
            self,
            others=tuple(suiting),
            refused=refused,
        )


def alternatives(recipe: Recipe, slot: str) -> Alternatives:
    """Returns what may stand in a slot, with its usual knobs.

    Args:
        recipe: The slots in order.
        slot: "balance", "impute" (the steps of `prepare` that fill missing numbers), "loss" or
            "ensemble" (the net alone, and every ensemble of it).

    Raises:
        RecipeError: The slot is unknown, or the recipe has nothing in it to be replaced.
    """
    if slot not in SLOTS:
        raise RecipeError(
            f"--slot {slot}",
            expected=", ".join(SLOTS),
            fix="--slot balance",
        )
    recipe.check()
    usual, others = SLOTS[slot](recipe)
    usable = []
    refused = {}
    for each in others:
        if each.recipe == recipe:
            continue
        reason = _reason_against(each.recipe.check)
        if reason:
            refused[each.words] = reason
        else:
            usable.append(each)
    return Alternatives(
        Candidate(usual, recipe),
        tuple(usable),
        MappingProxyType(refused),
    )


def _reason_against(check):
    """Returns why a check fails, one line, or ""."""
    try:
        check()
    except PipelineError as error:
        return error.received.partition("\n")[0]
    return ""


def _members(slot: type) -> list:
    """Returns a spec of each member of a slot that needs no value of the user's."""
    found = []
    for kind in catalog.SPECS:
        if not issubclass(kind, slot):
            continue
        if all(knob.default is not MISSING for knob in knobs_of(kind)):
            found.append(kind())
    return found


def _balancers(recipe: Recipe) -> tuple[str, list[Candidate]]:
    """Returns what balances now, in words, and the recipe with every other balancer.

    A teacher has answered the rows as they are: where rows are redrawn it is left out, and the
    recipe that balances nothing without it shows what that alone does.
    """
    plain = replace(
        recipe,
        build=recipe.plain_build(),
        balance=None,
    )
    others = [Candidate("None", plain)]
    if recipe.teacher is not None:
        others.append(Candidate("None, no teacher", replace(plain, teacher=None)))
    for member in _members(Balancer):
        balanced = replace(plain, balance=member)
        words = _in_words(member)
        if member.redraws and recipe.teacher is not None:
            balanced = replace(balanced, teacher=None)
            words += ", no teacher"
        others.append(Candidate(words, balanced))
    return _in_words(recipe.balancer()), others


def _imputers(recipe: Recipe) -> tuple[str, list[Candidate]]:
    """Returns what fills missing numbers now, in words, and the recipe with every other step that
    does, with and without flags of what was missing.
    """
    places = [place for place, step in enumerate(recipe.prepare) if _fills_numbers(step)]
    if not places:
        raise RecipeError(
            f"--slot impute of {recipe.name!r}, which fills no missing numbers",
            expected="a step such as ImputeMedian() in `prepare`",
            fix="--set 'prepare=(DropColumns(), FlagMissing(), ImputeMedian())'",
        )
    flags = [step for step in recipe.prepare if isinstance(step, FlagMissing)]
    others = []
    for member in _members(Step):
        if not _fills_numbers(member):
            continue
        flagged, plain = _filled_by(
            member,
            recipe.prepare,
            flags or [FlagMissing()],
        )
        words = _in_words(member)
        others.append(Candidate(f"flags, {words}", replace(recipe, prepare=flagged)))
        others.append(Candidate(words, replace(recipe, prepare=plain)))
    held = [*flags, *(recipe.prepare[place] for place in places)]
    return ", ".join(_in_words(step) for step in held), others


def _filled_by(
    member,
    prepare,
    flags,
):
    """Returns steps in which `member` alone fills numbers, with flags before it and without."""
    flagged = []
    plain = []
    is_there = False
    for step in prepare:
        if isinstance(step, FlagMissing):
            continue
        # What fills first leaves nothing to the others.
        if not _fills_numbers(step):
            flagged.append(step)
            plain.append(step)
        elif not is_there:
            is_there = True
            flagged += [*flags, member]
            plain.append(member)
    return tuple(flagged), tuple(plain)


def _fills_numbers(step) -> bool:
    return isinstance(step, Step) and step.fills_numbers


def _losses(recipe: Recipe) -> tuple[str, list[Candidate]]:
    """Returns what is minimized now, in words, and the recipe with every other loss."""
    others = [Candidate("None, the task's own", _with_loss(recipe, None))]
    for member in _members(Loss):
        # With their usual knobs these two are the task's own again.
        if isinstance(member, (UsualLoss, WithRules)):
            continue
        others.append(Candidate(_in_words(member), _with_loss(recipe, member)))
    usual = "None, the task's own"
    if recipe.training.loss is not None:
        usual = _in_words(recipe.training.loss)
    return usual, others


def _with_loss(recipe, loss):
    return replace(recipe, training=replace(recipe.training, loss=loss))


def _in_words(spec) -> str:
    """Returns a spec in words: its name, and the knobs that are not as usual."""
    if spec is None:
        return "None"
    return written(spec)


SLOTS: Mapping[str, Callable[[Recipe], tuple[str, list[Candidate]]]] = MappingProxyType(
    {
        "balance": _balancers,
        "impute": _imputers,
        "loss": _losses,
        "ensemble": ensembles_of,
    }
)
