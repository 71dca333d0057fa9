"""Every loader: the same rows each time, what it states before it reads holds afterwards, and a
source that is missing is refused with a way out."""

import json
from dataclasses import MISSING, fields

import numpy as np
import pandas as pd
import pytest

from pipelines import catalog, slots
from pipelines.engine.digest import digest
from pipelines.errors import PipelineError
from pipelines.rows.parts import Dataset
from pipelines.sources.prototypes import LoadPrototypes
from pipelines.tabular import LoadTable
from pipelines.text import LoadTextFolder, LoadTexts
from pipelines.timeseries import LoadSeries, LoadSeriesArrays, LoadTsFiles
from pipelines.vision import LoadArrays, LoadFolder, LoadPaths
from tests.contracts.samples import members, name_of

LOADERS = members(slots.Loader)
# Of data sets that tensorflow-datasets has prepared; their own tests prepare some.
PREPARED = tuple(kind for kind in LOADERS if kind.__name__.endswith("Tfds"))


def small_table(folder):
    path = folder / "table.csv"
    rows = {"size": [1.5, None, 3.0, 4.5] * 6, "site": list("abac") * 6, "y": ["no", "yes"] * 12}
    pd.DataFrame(rows).to_csv(path, index=False)
    return LoadTable(str(path), "y")


def small_texts(folder):
    path = folder / "texts.csv"
    rows = {"words": ["bird hit", "no hit", "gull", "wing; é"] * 6, "y": ["no", "yes"] * 12}
    pd.DataFrame(rows).to_csv(path, index=False)
    return LoadTexts(str(path), "words", "y")


def small_series(folder):
    path = folder / "series.csv"
    times = pd.date_range("2024-01-01", periods=60, freq="h").astype(str)
    pd.DataFrame({"time": times, "heat": np.arange(60) % 24}).to_csv(path, index=False)
    return LoadSeries(str(path), "time", "heat")


def picture_folder(folder):
    from PIL import Image

    random = np.random.default_rng(0)
    for label in ("cat", "dog"):
        (folder / "pictures" / label).mkdir(parents=True)
        for place in range(6):
            pixels = random.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(folder / "pictures" / label / f"{place}.png")
    return LoadFolder(str(folder / "pictures"), height=8, width=8)


def picture_paths(folder):
    picture_folder(folder)
    names = [f"{label}/{place}.png" for label in ("cat", "dog") for place in range(6)]
    path = folder / "pictures" / "list.csv"
    pd.DataFrame({"file": names, "y": [name[:3] for name in names]}).to_csv(path, index=False)
    return LoadPaths(str(path), "y", "file", height=8, width=8)


def text_folder(folder):
    for label in ("good", "bad"):
        (folder / "letters" / label).mkdir(parents=True)
        for place in range(6):
            (folder / "letters" / label / f"{place}.txt").write_text(f"{label} letter {place}")
    return LoadTextFolder(str(folder / "letters"))


def picture_arrays(folder):
    random = np.random.default_rng(0)
    path = folder / "pictures.npz"
    np.savez(path, X=random.integers(0, 256, (24, 8, 8, 3), np.uint8), y=np.arange(24) % 3)
    return LoadArrays(str(path))


def series_arrays(folder):
    random = np.random.default_rng(0)
    path = folder / "series.npz"
    np.savez(path, X=random.normal(size=(24, 16)).astype(np.float32), y=np.arange(24) % 2)
    return LoadSeriesArrays(str(path))


def prototypes(folder):
    return LoadPrototypes(picture_arrays(folder), classes=("0", "2"))


MAKERS = {
    LoadPrototypes: prototypes,
    LoadTable: small_table,
    LoadTexts: small_texts,
    LoadSeries: small_series,
    LoadFolder: picture_folder,
    LoadPaths: picture_paths,
    LoadTextFolder: text_folder,
    LoadArrays: picture_arrays,
    LoadSeriesArrays: series_arrays,
    LoadTsFiles: lambda folder: catalog.RECIPES["italy_power"].load,
}
BY_KIND = pytest.mark.parametrize(
    "kind", [kind for kind in LOADERS if kind not in PREPARED], ids=name_of
)


@BY_KIND
def test_reads_the_same_rows_each_time(kind, tmp_path):
    load = MAKERS[kind](tmp_path)
    load.check()
    (first, notes), (second, again) = (load.read() for _ in range(2))
    assert type(first) is Dataset and len(first) and notes == again
    assert digest(first) == digest(second)
    assert len(set(first.ids.tolist())) == len(first)
    assert set(first.x) == {column.name for column in first.schema.columns}


@BY_KIND
def test_describes_its_source_by_content(kind, tmp_path):
    load = MAKERS[kind](tmp_path)
    facts = load.describe()
    assert facts == load.describe() and json.dumps(facts)
    assert facts["name"] and len(facts["sha256"].split()[0]) == 64
    assert str(tmp_path) not in json.dumps(facts)


@BY_KIND
def test_what_is_known_before_reading_holds_afterwards(kind, tmp_path):
    load = MAKERS[kind](tmp_path)
    before = load.sketch()
    dataset, _ = load.read()
    kinds = {column.kind for column in dataset.schema.columns}
    if before.kinds:
        assert kinds <= set(before.kinds) or before.is_steps, (kinds, before.kinds)
    if before.tasks:
        assert dataset.schema.target.task in {task.name for task in before.tasks}


@pytest.mark.parametrize("kind", LOADERS, ids=name_of)
def test_a_missing_source_is_refused_with_a_way_out(kind, tmp_path):
    needed = [
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    ]
    texts = dict.fromkeys(needed, str(tmp_path / "none"))
    with pytest.raises(PipelineError) as caught:
        load = kind(**texts)
        load.check()
        load.read()
    assert caught.value.received and caught.value.expected and caught.value.fix


def test_every_loader_has_rows_here():
    assert set(MAKERS) == set(LOADERS) - set(PREPARED)
