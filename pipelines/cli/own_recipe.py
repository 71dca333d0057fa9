"""What the commands for a user's own data share: a recipe that is chosen among a few."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from .making import making_command
from .options import STOPPED
from .watch import WatchedRunOptions

if TYPE_CHECKING:
    from ..recipe import Candidate, Recipe
    from ..rows.parts import SourceData
    from ..slots import Loader


@dataclass(frozen=True, kw_only=True)
class OwnDataOptions(WatchedRunOptions):
    """Options of the commands for a user's own data.

    Attributes:
        quality: how much is tried before a recipe is chosen.
        time_budget: minutes after which nothing more is tried, 0 for none.
    """

    quality: Annotated[
        str,
        typer.Option(
            metavar="WORD",
            help="How much is tried: fast (the usual recipe as it is), good (a few, by folds "
            "inside the training rows), best (all of them on all folds).",
        ),
    ] = "good"
    time_budget: Annotated[
        float,
        typer.Option(
            metavar="MINUTES",
            min=0,
            help="Try nothing more after so many minutes: the choice then depends on the machine. "
            "0: try all that --quality asks for.",
        ),
    ] = 0.0

    def train_best(self, candidates: "Sequence[Candidate]", *, are_slow: bool = False) -> None:
        """Chooses a recipe and runs it; one that does not pass its gate gives way to the next.

        Those whose untrained network a target refuses are left out first.

        Args:
            candidates: the usual one first.
            are_slow: whether fewer folds must do where rows are few.
        """
        from ..engine.cache import anew
        from ..report.stage_log import logged_stages
        from ..run import read
        from ..studies.asked import without_refused
        from ..studies.choose import (
            FEWER_FOLDS,
            NUM_FOLDS,
            choose,
            is_chosen_by_folds,
            usable_candidates,
        )
        from ..studies.workers import Workers

        turned = [replace(each, recipe=self.applied_to(each.recipe)) for each in candidates]
        if turned[0].recipe.load.streams():
            turned = [self._learning_once(candidates[0])]
        workers = Workers(folder=self.folder, is_fresh=self.fresh)
        with making_command(STOPPED), logged_stages(self.log_json):
            usable = usable_candidates(turned)
            usual = usable[0].recipe
            data = read(usual)
            if is_chosen_by_folds(usable, self.quality):
                usable = without_refused(usable, data)
            recipes = choose(
                usable,
                quality=self.quality,
                workers=workers,
                minutes=self.time_budget,
                most_folds=FEWER_FOLDS if are_slow else NUM_FOLDS,
            )
            print_tried(recipes[0])
            with anew(self.fresh):
                self._run_first_that_passes(recipes, usual.load, data)

    def _learning_once(self, usual: "Candidate") -> "Candidate":
        """Returns the usual candidate as it learns from rows that are streamed, which no fold
        holds: without a second training, unless the user asks for one, which is refused.
        """
        once = replace(usual.recipe.training, refit=False)
        recipe = replace(usual.recipe, training=once)
        return replace(usual, recipe=self.applied_to(recipe))

    def _run_first_that_passes(
        self, recipes: "Sequence[Recipe]", load: "Loader", data: "SourceData"
    ) -> None:
        from ..engine.notice import print_notice
        from ..errors import VerifyError
        from ..run import run
        from ..studies.choose import in_order_to_run, with_missed

        in_order = in_order_to_run(recipes)
        missed: dict[str, str] = {}
        for place, recipe in enumerate(in_order):
            # One that reads the source in another way, such as larger pictures, reads it again.
            known = data if recipe.load == load else None
            try:
                bundle = run(
                    self.watched(with_missed(recipe, missed)),
                    folder=self.folder,
                    callbacks=self.callbacks(recipe),
                    data=known,
                )
                self.log_bundle(bundle)
                return
            except VerifyError as error:
                if place + 1 == len(in_order):
                    raise
                print_notice(f"{error.received}; the next best recipe is taken")
                if recipe.tried:
                    missed[recipe.tried[0].words] = error.received


def print_tried(recipe: "Recipe") -> None:
    """Prints the candidates with their scores, the chosen one first; nothing if none were tried."""
    from rich.console import Console
    from rich.table import Table

    if not recipe.tried:
        return
    table = Table(title="chosen by folds inside the training rows", title_justify="left")
    table.add_column("recipe")
    for name in ("score (int8)", "folds", "bytes"):
        table.add_column(name, justify="right")
    table.add_column("note")
    for each in recipe.tried:
        score = "none" if each.score is None else f"{each.score:.4g}"
        numbers = (score, str(each.num_folds), f"{each.size_bytes:,}")
        table.add_row(each.words, *numbers, each.note)
    Console(highlight=False).print(table)
