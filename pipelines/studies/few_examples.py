"""How well new classes are learned from a few examples: prototypes and peers on the same episodes.

An episode draws some examples of each class that the recipe left out, and asks for other rows of
these classes. Means and intervals are over episodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from ..device.adapt import embedded
from ..device.ports import Port
from ..device.prototypes import Prototypes, model_digest, require_prototypes
from ..device.runner import Runner
from ..device.tasks import task_of
from ..device.tasks.prototypes import squared_distances
from ..errors import BundleError
from ..recipe import Recipe
from ..report.numbers import signed
from ..rows.columns import read_rows
from ..rows.parts import Dataset, HeldOut, Schema, TrainSet
from ..run import read, split
from ..sources.prototypes import LoadPrototypes
from ..tasks import MulticlassTask
from ..training.feed import TrainFeed
from ..training.fit import train
from ..training.loop import start_from_seed
from .interpret.opened import open_bundle
from .learned_starts import ClassRows, FirstOrderMaml, Reptile, TaskNet

SHOTS = (1, 5, 20)
NUM_QUERIES = 50  # rows of a class that each episode asks for
SCRATCH = "the network trained from scratch"
SCRATCH_EPOCHS = 60
START_STEPS = 10  # of gradient descent on the examples, from a learned start
STARTS = {
    "from a start of first-order MAML": FirstOrderMaml(),
    "from a start of Reptile": Reptile(),
}
# Episodes for which a net is trained: seconds each.
MOST_TRAINED = {SCRATCH: 5} | dict.fromkeys(STARTS, 20)
PIECE_ROWS = 256
HEADINGS = ("way", "examples a class", "accuracy", "95 % interval", "prototypes better by")


@dataclass(frozen=True)
class NewRows:
    """The rows of the classes that a recipe left out.

    Attributes:
        runner: Of the bundle's int8 form.
        recipe: Of the bundle.
        model: The digest of the int8 file.
        labels: Of the new classes.
        y: int64 [rows], the class of each row among them.
        steps: int32 [rows, width], embeddings in whole steps of the int8 output.
        inputs: The model's inputs as floats, by port.
    """

    runner: Runner
    recipe: Recipe
    model: str
    labels: tuple[str, ...]
    y: np.ndarray
    steps: np.ndarray
    inputs: dict[str, np.ndarray]

    @property
    def embeddings(self) -> np.ndarray:
        """The embeddings in the output's unit, float32 [rows, width]."""
        return self.steps.astype(np.float32) * self.runner.signature.output.step()

    @property
    def flat(self) -> np.ndarray:
        """All inputs of a row in one vector, float32 [rows, values]."""
        parts = [x.reshape(len(x), -1) for x in self.inputs.values()]
        return np.concatenate(parts, axis=1).astype(np.float32)


@dataclass(frozen=True)
class Episode:
    """One draw: the places of the examples, and of the rows that are asked for, int64 each."""

    shown: np.ndarray
    asked: np.ndarray


@dataclass(frozen=True)
class Measured:
    """The accuracy of a way on every episode of some number of examples.

    Attributes:
        way: In words.
        shots: Examples a class.
        accuracies: float64 [episodes].
        behind: float64 [episodes], how much lower than that of prototypes on the same one.
    """

    way: str
    shots: int
    accuracies: np.ndarray
    behind: np.ndarray

    def line(self) -> tuple[str, ...]:
        """Returns the cells of `HEADINGS`."""
        mean, low, high = interval(self.accuracies)
        gap, least, most = interval(self.behind)
        behind = ""
        if np.any(self.behind):
            behind = f"{signed(gap)} ({signed(least)} to {signed(most)})"
        shown = f"{low:.3f} to {high:.3f}, {len(self.accuracies)} episodes"
        return (self.way, str(self.shots), f"{mean:.3f}", shown, behind)


Way = Callable[[NewRows, Episode], np.ndarray]


def measure_few_examples(
    folder: str | Path,
    *,
    num_episodes: int = 50,
    shots: Sequence[int] = SHOTS,
    seed: int = 0,
    trains: bool = True,
) -> list[Measured]:
    """Draws episodes from the classes that a bundle's recipe left out, and answers them.

    Args:
        folder: Of a bundle of `LoadPrototypes` with `classes`.
        num_episodes: For each number of examples.
        shots: Examples a class.
        seed: Of the draws.
        trains: Whether nets are trained too: from scratch on the first few episodes, and from
            starts that are learned over tasks of the learned classes.

    Returns:
        A line a way and number of examples; prototypes as they ship come first.

    Raises:
        BundleError: The recipe left no classes out, or they have too few rows.
    """
    rows = new_rows(folder)
    random = np.random.default_rng(seed)
    ways = dict(WAYS)
    if trains:
        ways |= {SCRATCH: answer_from_scratch, **ways_from_starts(rows, seed)}
    measured = []
    for count in shots:
        episodes = [draw_episode(rows, count, random) for _ in range(num_episodes)]
        ours = np.array([])
        for way, answer in ways.items():
            few = episodes[: MOST_TRAINED.get(way)]
            found = np.array([_accuracy(rows, each, answer) for each in few])
            if not len(ours):
                ours = found
            measured.append(Measured(way, count, found, ours[: len(found)] - found))
    return measured


def new_rows(folder: str | Path) -> NewRows:
    """Reads the rows of the classes that a bundle's recipe left out, and embeds them.

    Raises:
        BundleError: It left none out.
    """
    opened = open_bundle(folder)
    require_prototypes(opened.signature)
    load = opened.recipe.load
    if not isinstance(load, LoadPrototypes) or not load.classes:
        raise BundleError(
            f"{str(folder)!r}, whose recipe learned every class of its source",
            expected="a recipe of load.classes, which leaves some out to be new ones",
            fix="--set \"load.classes=('a', 'b', 'c')\" when it is trained",
        )
    dataset, _ = load.all_classes()
    labels = dataset.schema.target.labels
    new = tuple(label for label in labels if label not in load.classes)
    if len(new) < 2:
        raise BundleError(
            f"{len(new)} classes are left out", expected="two or more", fix="learn fewer of them"
        )
    places = [labels.index(label) for label in new]
    kept = np.flatnonzero(np.isin(dataset.y, places))
    y = np.searchsorted(places, dataset.y[kept])
    steps, inputs = _embedded_rows(opened.runner, dataset, kept)
    return NewRows(opened.runner, opened.recipe, model_digest(folder), new, y, steps, inputs)


def _embedded_rows(runner: Runner, dataset: Dataset, kept: np.ndarray):
    """Returns the embeddings of the rows at some places, and their inputs as floats by port."""
    floats = Runner(runner.signature, runner.interpreter, form="float32")
    steps = []
    parts = []
    for start in range(0, len(kept), PIECE_ROWS):
        places = kept[start : start + PIECE_ROWS]
        columns = {}
        for column in runner.signature.columns:
            columns[column.name] = read_rows(dataset.x[column.name], places)
        steps.append(embedded(runner, columns))
        parts.append(floats.prepare(columns))
    inputs = {}
    for name in parts[0]:
        inputs[name] = np.concatenate([part[name] for part in parts])
    return np.concatenate(steps), inputs


def draw_episode(rows: NewRows, count: int, random: np.random.Generator) -> Episode:
    """Draws `count` examples of each class, and NUM_QUERIES other rows of each.

    Raises:
        BundleError: A class has fewer rows.
    """
    shown = []
    asked = []
    for place, label in enumerate(rows.labels):
        mixed = random.permutation(np.flatnonzero(rows.y == place))
        if len(mixed) < count + NUM_QUERIES:
            raise BundleError(
                f"{len(mixed)} rows of {label!r}",
                expected=f"{count + NUM_QUERIES} to show and to ask for",
                fix="measure on a larger source",
            )
        shown.append(mixed[:count])
        asked.append(mixed[count : count + NUM_QUERIES])
    return Episode(np.concatenate(shown), np.concatenate(asked))


def _accuracy(rows, episode, answer):
    """Returns the share of the rows asked for that a way answers rightly."""
    return float(np.mean(answer(rows, episode) == rows.y[episode.asked]))


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """Returns the mean, and its 95 % interval by the standard error."""
    mean = float(values.mean())
    if len(values) < 2:
        return mean, mean, mean
    reach = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
    return mean, mean - reach, mean + reach


# Ways: the class of each row that is asked for, int64 [rows] --------------------------------------


def answer_prototypes(rows: NewRows, episode: Episode) -> np.ndarray:
    """Adds the examples as a device does, and asks its task."""
    prototypes = Prototypes(rows.model)
    for place, label in enumerate(rows.labels):
        of_class = episode.shown[rows.y[episode.shown] == place]
        prototypes = prototypes.added(label, rows.steps[of_class])
    signature = prototypes.adapted(rows.runner.signature)
    port = signature.output
    raw = rows.steps[episode.asked] + port.zero_point * port.num_copies
    if port.num_copies > 1:
        means = prototypes.means(signature)
        return squared_distances(rows.embeddings[episode.asked], means).argmin(axis=1)
    answers = task_of(signature.target).answer(signature, raw.astype(np.int8), form="int8")
    places = {label: place for place, label in enumerate(rows.labels)}
    return np.array([places[label] for label in answers.labels])


def answer_cosine(rows: NewRows, episode: Episode) -> np.ndarray:
    """Takes the class mean with the smallest angle to the embedding."""
    means = _means(rows.embeddings, rows, episode)
    means = means / np.linalg.norm(means, axis=1, keepdims=True)
    return (rows.embeddings[episode.asked] @ means.T).argmax(axis=1)


def answer_regression(rows: NewRows, episode: Episode) -> np.ndarray:
    """Fits a logistic regression on the embeddings."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(rows.embeddings[episode.shown], rows.y[episode.shown])
    return model.predict(rows.embeddings[episode.asked])


def answer_nearest_input(rows: NewRows, episode: Episode) -> np.ndarray:
    """Takes the class of the example whose inputs are nearest."""
    from sklearn.neighbors import KNeighborsClassifier

    model = KNeighborsClassifier(1)
    model.fit(rows.flat[episode.shown], rows.y[episode.shown])
    return model.predict(rows.flat[episode.asked])


def answer_mean_input(rows: NewRows, episode: Episode) -> np.ndarray:
    """Takes the class whose mean inputs are nearest."""
    means = _means(rows.flat, rows, episode)
    return squared_distances(rows.flat[episode.asked], means).argmin(axis=1)


def answer_from_scratch(rows: NewRows, episode: Episode) -> np.ndarray:
    """Trains the recipe's network on the examples alone."""
    signature = _signature_of_new(rows)
    x = {name: values[episode.shown] for name, values in rows.inputs.items()}
    y = rows.y[episode.shown]
    ids = np.arange(len(y))
    schema = Schema(signature.columns, signature.target)
    training = replace(
        rows.recipe.training.to_the_end(SCRATCH_EPOCHS), batch_size=min(16, len(y)), loss=None
    )
    result = train(
        rows.recipe.build,
        TrainFeed(TrainSet(x, y, ids, schema), augment=rows.recipe.augment),
        HeldOut(x, y, ids, schema),  # shown while it trains, and chooses nothing
        signature=signature,
        training=training,
        deciding="accuracy",
    )
    asked = {name: values[episode.asked] for name, values in rows.inputs.items()}
    return np.asarray(result.model.predict(asked, verbose=0)).argmax(axis=1)


def ways_from_starts(rows: NewRows, seed: int) -> dict[str, Way]:
    """Learns starts of the recipe's network over tasks of the classes that the bundle learned.

    Args:
        rows: Of the new classes, which no start sees.
        seed: Of weights and tasks.

    Returns:
        A way for each, which takes steps on the examples from there.
    """
    known = _known_rows(rows)
    num_ways = len(rows.labels)
    start_from_seed(seed)
    model = rows.recipe.build.build(_signature_of_new(rows), seed=seed)
    net = TaskNet(model)
    drawn = net.weights
    ways = {}
    for name, way in STARTS.items():
        net.put(drawn)
        start = way.learn(net, known, num_ways=num_ways, seed=seed)
        ways[name] = partial(_answer_from_start, net, start, way.step_rate)
    return ways


def _known_rows(rows):
    """Returns the rows that the bundle learned from."""
    parts = split(rows.recipe, read(rows.recipe).dataset)
    places = np.arange(len(parts.train))
    _, inputs = _embedded_rows(rows.runner, parts.train, places)
    return ClassRows(inputs, parts.train.y)


def _answer_from_start(net, start, rate, rows, episode):
    """Takes some steps on the examples."""
    net.put(start)
    shown = {name: values[episode.shown] for name, values in rows.inputs.items()}
    y = rows.y[episode.shown].astype(np.int32)
    net.learn(
        shown,
        y,
        steps=START_STEPS,
        rate=rate,
    )
    asked = {name: values[episode.asked] for name, values in rows.inputs.items()}
    return net.answers(asked)


def _signature_of_new(rows):
    """Returns the signature of a net with an output for each of the new classes."""
    signature = rows.runner.signature
    target = replace(signature.target, task=MulticlassTask.name, labels=rows.labels, embedding=0)
    output = Port("output", (len(rows.labels),), "float32", MulticlassTask.output_unit)
    return replace(signature, target=target, output=output, decisions={})


def _means(vectors, rows, episode):
    """Returns the mean of each class's examples, [labels, width]."""
    means = []
    for place in range(len(rows.labels)):
        of_class = episode.shown[rows.y[episode.shown] == place]
        means.append(vectors[of_class].mean(axis=0))
    return np.stack(means)


WAYS: dict[str, Way] = {
    "prototypes of the int8 embedding": answer_prototypes,
    "the same by cosine": answer_cosine,
    "logistic regression on the embedding": answer_regression,
    "nearest example by inputs": answer_nearest_input,
    "nearest class mean by inputs": answer_mean_input,
}
