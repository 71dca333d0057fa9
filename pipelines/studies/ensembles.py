"""The net of a recipe alone and in every ensemble: what `compare --slot ensemble` compares."""

from dataclasses import replace

from ..balance import Smote, SmoteNC, WeightByClass
from ..recipe import Candidate, Recipe, empty_slot
from ..settings import written
from ..slots import Network
from ..training.ensembles import (
    Bagging,
    BalancedBagging,
    Boosting,
    Distilled,
    EasyEnsemble,
    Seeds,
    Snapshots,
    Stacking,
)

NUM_MEMBERS = 3
NUM_FOLDS = 3  # inside the training rows of a fold


def ensembles_of(recipe: Recipe) -> tuple[str, list[Candidate]]:
    """Returns what the recipe builds now, in words, and the recipe with one net, with one net and
    other balancing, and with every ensemble of it.

    What an ensemble needs empty is emptied, and its words state it.
    """
    net = recipe.build.single().single()
    others = [Candidate("one net", replace(recipe, build=net))]
    for balancer in (WeightByClass(), Smote(), SmoteNC()):
        others.append(_balanced(recipe, net, balancer))
    for words, ensemble in _ensembles(net).items():
        others.append(_with_ensemble(recipe, words, ensemble))
    return f"as it is: {written(recipe.build)}", others


def _ensembles(net: Network) -> dict[str, Network]:
    """Returns words → an ensemble of a net."""
    found = {
        f"{kind.__name__} of {NUM_MEMBERS}": kind(of=net, num_members=NUM_MEMBERS)
        for kind in (Seeds, Bagging, Boosting, Snapshots, BalancedBagging, EasyEnsemble)
    }
    linear = net.linear()
    if linear is not None and linear != net:
        found["Stacking with a linear net"] = Stacking(of=(net, linear), num_folds=NUM_FOLDS)
    teacher = Seeds(of=net, num_members=2)
    found["Distilled from Seeds of 2"] = Distilled(of=net, teacher=teacher, num_folds=NUM_FOLDS)
    return found


def _with_ensemble(
    recipe: Recipe,
    words: str,
    ensemble: Network,
) -> Candidate:
    """Returns the recipe with an ensemble, and without what it needs empty."""
    emptied = {slot: empty_slot(slot) for slot in ensemble.leaves_empty if vars(recipe)[slot]}
    balancer = recipe.balance
    if ensemble.folds_rows and balancer is not None and balancer.redraws:
        emptied["balance"] = None
    for slot in emptied:
        words += f", no {slot}"
    return Candidate(words, replace(recipe, build=ensemble, **emptied))


def _balanced(
    recipe: Recipe,
    net: Network,
    balancer,
) -> Candidate:
    """Returns the recipe with one net and other balancing; redrawn rows have no teacher."""
    words = f"one net, {written(balancer)}"
    teacher = recipe.teacher
    if balancer.redraws and teacher is not None:
        teacher = None
        words += ", no teacher"
    return Candidate(words, replace(recipe, build=net.plain(), balance=balancer, teacher=teacher))
