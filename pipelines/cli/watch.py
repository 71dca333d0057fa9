"""`--watch`, `--tensorboard`, `--mlflow` and `--log-json`: seeing what a run does and gives."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import RecipeError
from .making import making_command
from .options import STOPPED, RunOptions

if TYPE_CHECKING:
    from ..bundle.folder import Bundle
    from ..recipe import Recipe

Watch = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Record gradients, steps, dead units and saturation of each layer, and draw them in "
        "the report; name what ails a layer, and what to try.",
    ),
]
TensorBoard = Annotated[
    str,
    typer.Option(
        metavar="FOLDER",
        help="Write the training for TensorBoard to FOLDER/NAME; it is then not kept in the cache. "
        "Needs pip install 'pipelines[tensorboard]'.",
    ),
]
Mlflow = Annotated[
    str,
    typer.Option(
        metavar="URI",
        help="Log the recipe, scores, curves and report of the bundle as a run of MLflow. Needs "
        "pip install 'pipelines[mlflow]'.",
    ),
]
LogJson = Annotated[
    str,
    typer.Option(
        metavar="FILE",
        help="Append a line of JSON to a file for each stage: what it was, how it ended, seconds "
        "and memory; at last one for the bundle.",
    ),
]


@dataclass(frozen=True, kw_only=True)
class WatchedRunOptions(RunOptions):
    """What every command that makes a bundle has.

    Attributes:
        watch: whether the layers of the training are watched.
        tensorboard: the folder that is written for TensorBoard; "" for none.
        mlflow: the store of MLflow that the bundle is logged to; "" for none.
        log_json: the file that gets a line a stage; "" for none.
    """

    watch: Watch = False
    tensorboard: TensorBoard = ""
    mlflow: Mlflow = ""
    log_json: LogJson = ""

    def train(self, recipe: "Recipe") -> None:
        """Runs the recipe with the knobs turned and the runtimes chosen."""
        from ..engine.cache import anew
        from ..report.stage_log import logged_stages
        from ..run import run

        recipe = self.watched(self.applied_to(recipe))
        callbacks = self.callbacks(recipe)
        with making_command(STOPPED), logged_stages(self.log_json), anew(self.fresh):
            bundle = run(recipe, folder=self.folder, callbacks=callbacks)
            self.log_bundle(bundle)

    def watched(self, recipe: "Recipe") -> "Recipe":
        """Returns the recipe whose training is watched, if that is asked for."""
        if not self.watch:
            return recipe
        return replace(recipe, training=replace(recipe.training, watch=True))

    def log_bundle(self, bundle: "Bundle") -> None:
        """Writes the line of JSON of a finished bundle and logs it to MLflow, where wanted."""
        from ..report.stage_log import log_facts
        from .mlflow_log import log_to_mlflow

        if self.mlflow:
            log_to_mlflow(self.mlflow, bundle)
        if not self.log_json:
            return
        report = bundle.report
        deciding = report["judge"]["deciding"]
        int8 = next(rung for rung in report["ladder"] if rung["form"] == "litert_int8")
        log_facts(
            "bundle",
            status="done",
            folder=str(bundle.folder),
            metric=deciding,
            int8_score=int8["scores"][deciding],
            int8_bytes=int8["size_bytes"],
        )

    def callbacks(self, recipe: "Recipe") -> tuple[Any, ...]:
        """Returns what follows the training: the callback of TensorBoard, if it is asked for.

        Raises:
            RecipeError: TensorBoard is not installed, or MLflow is asked for and does not answer.
        """
        if self.mlflow:
            from .mlflow_log import open_mlflow

            open_mlflow(self.mlflow)
        if not self.tensorboard:
            return ()
        return (tensorboard_callback(Path(self.tensorboard) / recipe.name, self.watch),)


def tensorboard_callback(folder: Path, with_weights: bool) -> Any:
    """Returns keras.callbacks.TensorBoard.

    Args:
        folder: that it writes to.
        with_weights: whether histograms of the weights are written too.

    Raises:
        RecipeError: TensorBoard is not installed.
    """
    from ..installed import import_fault

    fault = import_fault("tensorboard")
    if fault:
        raise RecipeError(
            f"--tensorboard {folder.parent}: {fault}",
            expected="TensorBoard",
            fix="pip install 'pipelines[tensorboard]', or --watch, whose pictures need nothing",
        )
    from ..sources.tensorflow import load_tensorflow

    load_tensorflow()
    import keras

    return keras.callbacks.TensorBoard(str(folder), histogram_freq=int(with_weights))
