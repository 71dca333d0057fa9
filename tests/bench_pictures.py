"""A part of `make bench-nets`: the memory that a training on 200,000 files of pictures takes.
Nothing here gates.
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines import vision
from pipelines.engine.machine import peak_mib
from pipelines.recipe import Recipe
from pipelines.rows.split import split
from pipelines.sources.tensorflow import load_tensorflow
from pipelines.steps import make_signature, to_ports
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import train

NUM_FILES = 200_000


def write_files(folder: Path):
    """NUM_FILES small JPEG files in four classes, from the bundled emoji."""
    from PIL import Image

    with np.load("data/emoji_32.npz") as file:
        pixels = file["X"]
    random = np.random.default_rng(0)
    for label in "abcd":
        (folder / label).mkdir()
    for place in range(NUM_FILES):
        shifted = np.roll(pixels[place % len(pixels)], random.integers(0, 32, 2), axis=(0, 1))
        Image.fromarray(shifted).save(folder / "abcd"[place % 4] / f"{place:06}.jpg", quality=60)


def train_from(folder):
    """Loads and trains for an epoch; prints pictures a second and the largest memory of the
    process.
    """
    recipe = Recipe(
        name="many",
        load=vision.LoadFolder(folder, height=32, width=32),
        build=vision.Cnn(widths=(8, 16)),
    )
    start = time.perf_counter()
    dataset, _ = recipe.load.read()
    loaded = time.perf_counter()
    parts = split(dataset, recipe.split)
    signature = make_signature((), (), parts.train)
    spent = train(
        recipe.build,
        TrainFeed(to_ports(signature, parts.train, encoded=True)),
        to_ports(signature, parts.valid),
        signature=signature,
        training=replace(recipe.training, epochs=1),
        deciding="accuracy",
    ).fit_seconds
    peak = peak_mib() / 2**10
    print(
        f"{len(dataset):,} JPEG files as {dataset.x['picture']!r:.40}: load "
        f"{loaded - start:.0f} s, an epoch of "
        f"{len(parts.train):,} in {spent:.0f} s, at most {peak:.2f} GiB of memory   (aim 2)"
    )


def main():
    load_tensorflow()
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder))
        subprocess.run([sys.executable, "-m", "tests.bench_pictures", folder], check=True)


if __name__ == "__main__":
    train_from(sys.argv[1]) if len(sys.argv) > 1 else main()
