"""Pictures of a study, by optuna.visualization.matplotlib: history, importance, slices, front."""

import io
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ...engine.workspace import write_whole
from ...report.figures import drawable
from .ask import import_optuna, memory_study
from .objectives import ARENA, BYTES, MILLISECONDS, SCORE, is_minimized
from .result import TuneResult
from .space import Choice, Dimension, Value
from .trials import DONE, Trial

# With fewer, the importance of knobs is noise.
_LEAST_TRIALS = 4
_INCHES_A_KNOB = 3.2
_HEIGHT = 4.2
_LABEL_LETTERS = 18
_MOST_LETTERS = 60
_UNITS = {BYTES: "bytes of the int8 file", ARENA: "bytes of memory", MILLISECONDS: "ms a row"}


def write_pictures(folder: Path, result: TuneResult) -> list[Path]:
    """Draws a study of two trials or more, and returns the files: history.png, slices.png,
    importance.png if there are enough trials, front.png of several objectives.

    Args:
        folder: which is made.
        result: the study.
    """
    done = [trial for trial in result.trials if trial.state == DONE]
    if len(done) < 2:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    study = _study_of(result)
    written = []
    for name, draw in _drawings(result, num_done=len(done)).items():
        with _drawing():
            content = _png(draw(study))
        path = folder / f"{name}.png"
        write_whole(path, content)
        written.append(path)
    return written


def _drawings(result, *, num_done) -> dict[str, Callable[[Any], Any]]:
    """Name → what draws it from a study and returns axes, or an array of them."""
    plots = import_optuna().visualization.matplotlib
    place = list(result.objectives).index(SCORE)
    sign = 1 if is_minimized(SCORE, result.deciding) else -1
    name = drawable(result.metric_words, _MOST_LETTERS)
    history = {"target_name": name}
    importance = dict(history)
    if len(result.objectives) > 1:
        history["target"] = lambda trial: trial.values[place]
        # The importance is that for low values.
        importance["target"] = lambda trial: sign * trial.values[place]
    found = {
        "history": lambda study: _whole_numbers(plots.plot_optimization_history(study, **history)),
        "slices": lambda study: plots.plot_slice(study, **history),
    }
    if num_done >= _LEAST_TRIALS:
        found["importance"] = lambda study: plots.plot_param_importances(study, **importance)
    if len(result.objectives) in (2, 3):
        names = [_UNITS.get(each, name) for each in result.objectives]
        found["front"] = lambda study: plots.plot_pareto_front(study, target_names=names)
    return found


def _whole_numbers(axes):
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return axes


def _study_of(result):
    """The study with names and values that have room in a picture."""
    short = {each.knob: _short(each) for each in result.space}
    space = [dimension for dimension, _ in short.values()]
    trials = [_renamed(trial, short) for trial in result.trials]
    return memory_study(
        trials, tuple(space), objectives=result.objectives, deciding=result.deciding
    )


def _short(dimension: Dimension) -> tuple[Dimension, dict[Value, Value]]:
    """Returns a dimension under the end of its knob's path, and its values → short ones."""
    knob = ".".join(dimension.knob.split(".")[-2:])
    if not isinstance(dimension, Choice):
        return replace(dimension, knob=knob), {}
    labels = {}
    for place, (value, words) in enumerate(dimension.labels().items()):
        labels[value] = drawable(words, _LABEL_LETTERS)
        if len(words) > _LABEL_LETTERS:  # two long ones may begin alike
            labels[value] = f"{place}: {labels[value]}"
    return Choice(knob, tuple(labels.values())), labels


def _renamed(trial: Trial, short) -> Trial:
    params = {}
    for knob, value in trial.params.items():
        dimension, labels = short[knob]
        params[dimension.knob] = labels.get(value, value)
    return replace(trial, params=params)


@contextmanager
def _drawing() -> Iterator[None]:
    """Lets Optuna draw by pyplot without a window, and without any trace in the caller's pyplot."""
    import matplotlib
    from matplotlib import pyplot

    before = matplotlib.get_backend()
    pyplot.switch_backend("Agg")
    try:
        with warnings.catch_warnings(), pyplot.rc_context():
            # Optuna calls these functions experimental; matplotlib minds trials of one value.
            warnings.simplefilter("ignore")
            yield
    finally:
        pyplot.switch_backend(before)


def _png(axes) -> bytes:
    """The figure of axes as a PNG, which is closed."""
    from matplotlib import pyplot

    if isinstance(axes, pyplot.Axes):
        figure = axes.figure
    else:
        several = axes.ravel()
        figure = several[0].figure
        figure.set_size_inches(_INCHES_A_KNOB * len(several) + 1, _HEIGHT)
        for each in several:
            each.tick_params(axis="x", which="both", labelrotation=40, labelsize=8)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, bbox_inches="tight", metadata={"Software": None})
    pyplot.close(figure)
    return content.getvalue()
