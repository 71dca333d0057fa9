"""`diagnose`: is a recipe over- or underfitting, and what would change that."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

import typer

from .compare import RecipeOfOptions
from .interpret import print_interpretation
from .making import making_command
from .study import STOPPED

if TYPE_CHECKING:
    from ..studies.diagnosis.runs import DiagnosisPlan


@dataclass(frozen=True, kw_only=True)
class DiagnoseOptions(RecipeOfOptions):
    """Options of `diagnose`."""

    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="At most 3,000 rows, fewer shares of them, widths and draws.",
        ),
    ] = False
    folds: Annotated[int, typer.Option(metavar="NUMBER", help="How many folds; 0: 5.")] = 0
    draws: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="How many draws of the rows bias and variance are of; 0: 8, or 5 with --quick.",
        ),
    ] = 0
    most_rows: Annotated[
        int,
        typer.Option(
            metavar="NUMBER",
            help="Rows that are folded at most; more are sampled. 0: 10,000, or 3,000 with "
            "--quick.",
        ),
    ] = 0

    def plan(self) -> "DiagnosisPlan":
        """Returns how much is fitted."""
        from ..studies.diagnosis.runs import QUICK, DiagnosisPlan

        plan = DiagnosisPlan()
        if self.quick:
            plan = QUICK
        given = {
            "num_folds": self.folds,
            "num_draws": self.draws,
            "most_rows": self.most_rows,
        }
        turned = {name: value for name, value in given.items() if value}
        return replace(plan, **turned)


def run_diagnose(options: DiagnoseOptions) -> None:
    """Find out whether a recipe over- or underfits, and what would change that.

    Learning curves over rows and width, bias and variance, and each regularizer, on folds inside
    the rows to learn from; FOLDER/NAME.diagnosis/diagnosis.html shows all of it.
    """
    from ..studies.diagnosis.diagnose import diagnose

    recipe = options.recipe()
    with making_command(STOPPED):
        workers = options.workers(options.folder, is_fresh=options.fresh)
        result = diagnose(recipe, plan=options.plan(), workers=workers)
        print_interpretation(result)
