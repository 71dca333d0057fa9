"""Small rows of every modality, for contracts that walk over all members of a slot."""

import dataclasses
from dataclasses import MISSING, dataclass
from typing import ClassVar

import numpy as np

from pipelines import balance, catalog, steps
from pipelines.device.cells import Column
from pipelines.device.target import Target
from pipelines.rows.parts import Dataset, Schema
from pipelines.rows.sketch import TOKENS, DataSketch
from pipelines.rows.split import SplitGiven, split
from pipelines.tasks import task_of

NUM_ROWS = 120
WINDOW_STEPS = 24
PICTURE_SHAPE = (32, 32, 3)
WORDS = ("bird", "Gull", "hit", "the", "wing;", "engine", "naïve", "no", "damage", "☃")
LABELS = ("no", "yes")


@dataclass(frozen=True)
class Sample:
    """Rows as they come from a source, and what makes inputs of them.

    Attributes:
        dataset: The rows; the source names the part of each.
        encode: Steps that leave every column in a unit, whatever came before them.
        kinds: What `suits` is asked with: the kinds of the columns.
        frame: None, as these rows are no windows of a frame.
    """

    dataset: Dataset
    encode: tuple = ()
    kinds: tuple = ()
    frame: ClassVar[None] = None

    def splits(self):
        """Returns the parts that the source names."""
        return split(self.dataset, SplitGiven())

    def sketch(self):
        """Returns what is known before a row is read."""
        task = task_of(self.dataset.schema.target)
        return DataSketch((task,), frozenset(self.kinds))


def members(slot):
    """Returns every spec class of a slot."""
    return [kind for kind in catalog.SPECS if issubclass(kind, slot)]


def name_of(kind):
    """Returns the name of a spec class, for the names of tests."""
    return kind.__name__


def with_defaults(kind, **given):
    """Makes a spec of its defaults and of those values that it has no default for."""
    lacking = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    made = kind(**{name: given[name] for name in lacking})
    # Seconds that tests of others need.
    if isinstance(made, steps.ImputeAutoencoder):
        return dataclasses.replace(made, num_batches=50)
    if isinstance(made, balance.Generate):
        return made.tiny()
    return made


def dataset_of(x, columns, *, y=None, target=None):
    """Makes a Dataset whose rows are train, valid and test in turn."""
    if y is None:
        y = (np.arange(NUM_ROWS) // 5 % 3 == 0).astype(np.int64)
        target = Target("y", "binary", LABELS)
    part = np.array(["train", "train", "train", "valid", "test"] * (NUM_ROWS // 5), object)
    schema = Schema(tuple(columns), target)
    time = np.datetime64("2024-01-01", "s") + np.arange(NUM_ROWS) * 60
    group = np.arange(NUM_ROWS) % 5 + 5 * (np.arange(NUM_ROWS) // 40)
    ids = np.arange(NUM_ROWS) + 1000
    return Dataset(x=x, y=y, ids=ids, schema=schema, part=part, time=time, group=group)


def table(seed=0, **more):
    """Numbers with gaps, categories, flags and dates."""
    random = np.random.default_rng(seed)
    n = random.normal(5, 3, NUM_ROWS).astype(np.float32)
    n[::7] = np.nan
    drawn = random.integers(0, 4, NUM_ROWS)
    c = np.array([(None, "a", "b", "é")[place] for place in drawn], object)
    f = np.array([("true", "false", None)[place] for place in drawn % 3], object)
    d = np.datetime64("2024-01-31T23:59:59", "s") + random.integers(0, 10**8, NUM_ROWS)
    d[::11] = np.datetime64("NaT")
    m = random.lognormal(0, 2, NUM_ROWS).astype(np.float32)
    x = {"n": n, "m": m, "c": c, "f": f, "d": d}
    kinds = ("numeric", "numeric", "categorical", "boolean", "date")
    columns = [Column(name, kind) for name, kind in zip(x, kinds, strict=True)]
    encode = (steps.ImputeMedian(), steps.ImputeMostFrequent(), steps.EncodeDate())
    encode += (steps.ScaleStandard(), steps.EncodeOnehot(min_count=1))
    return Sample(dataset_of(x, columns, **more), encode, kinds)


def series(seed=0, **more):
    """Two series, one of which has gaps."""
    random = np.random.default_rng(seed)
    shape = (NUM_ROWS, WINDOW_STEPS)
    heat = random.normal(20, 5, shape).cumsum(axis=1).astype(np.float32)
    flow = random.normal(3, 1, shape).astype(np.float32)
    flow[random.random(shape) < 0.2] = np.nan
    columns = [Column(name, "series", shape=(WINDOW_STEPS,)) for name in ("heat", "flow")]
    encode = (steps.FillGaps(), steps.ScaleSeries())
    return Sample(dataset_of({"heat": heat, "flow": flow}, columns, **more), encode, ("series",))


def texts(seed=0, **more):
    """Texts of up to a dozen words, hostile ones among them."""
    random = np.random.default_rng(seed)
    rows = [" ".join(random.choice(WORDS, random.integers(1, 12))) for _ in range(NUM_ROWS)]
    rows[3] = "🦉 é\t!!"
    x = {"t": np.array(rows, np.dtypes.StringDType())}
    columns = [Column("t", "text")]
    return Sample(dataset_of(x, columns, **more), (steps.TokenizeWords(),), ("text", TOKENS))


def pictures(seed=0, **more):
    """Pictures of noise."""
    random = np.random.default_rng(seed)
    x = {"picture": random.integers(0, 256, (NUM_ROWS, *PICTURE_SHAPE), np.uint8)}
    columns = [Column("picture", "picture", shape=PICTURE_SHAPE)]
    return Sample(dataset_of(x, columns, **more), (), ("picture",))


SAMPLES = (table, series, texts, pictures)


def samples_for(spec):
    """Returns the makers of those samples that a spec suits."""
    return [make for make in SAMPLES if not spec.suits(make().sketch())]


def first_sample_for(spec):
    """Makes the first sample that a spec suits."""
    makers = samples_for(spec)
    assert makers, f"no sample of tests/contracts/samples.py suits {spec}"
    return makers[0]()
