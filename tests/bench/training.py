"""`make bench`: what this machine takes, as medians and ratios of interleaved runs. Nothing here
gates.
"""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines.device import Runner
from pipelines.rows.parts import HeldOut, TrainSet
from pipelines.rows.split import split
from pipelines.sources.tensorflow import load_tensorflow
from pipelines.steps import fit_steps, make_signature, to_ports
from pipelines.tabular import BIRDS
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import task_labels, task_metric, train
from pipelines.training.losses import member_loss
from pipelines.training.members import with_average
from pipelines.training.schedules import Constant

BUNDLE = Path("saved_models/birds_mlp")
PAIRS = 3
EPOCHS = 6


def seconds(command, text=None):
    """Median wall seconds of a whole process, warm."""
    times = []
    for _ in range(6):
        start = time.perf_counter()
        subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def bench_starts():
    python = sys.executable
    print(
        f"import pipelines             {seconds([python, '-c', 'import pipelines']):.3f} s   "
        "(aim 0.3)"
    )
    print(
        f"python -m pipelines --help   {seconds([python, '-m', 'pipelines', '--help']):.3f} s  "
        " (aim 0.3)"
    )
    names = [column.name for column in Runner.load(BUNDLE).signature.columns]
    text = ",".join(names) + "\n" + "," * (len(names) - 1) + "\n"
    spent = seconds([python, "-m", "pipelines.device", str(BUNDLE)], text)
    print(f"device runner, one row       {spent:.3f} s   (aim 0.5)")


def bird_ports():
    dataset, _ = BIRDS.load.read()
    parts = split(dataset, BIRDS.split)
    prepared, rows = fit_steps(BIRDS.prepare, parts.train)
    encoders, encoded = fit_steps(BIRDS.encode, rows)
    signature = make_signature(prepared, encoders, encoded)
    return (
        signature,
        to_ports(signature, encoded, encoded=True),
        to_ports(signature, parts.valid),
        parts.test,
    )


def bare_keras(recipe, signature, rows: TrainSet, valid: HeldOut, *, deciding, epochs):
    """Seconds of a recipe's net, loss, metric and arrays in the loop that a user would write."""
    import keras

    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = with_average(recipe.build.build(signature))
    model.compile(
        optimizer=keras.optimizers.AdamW(1e-3),
        loss={"members": member_loss(recipe.training.loss, signature.target), "logits": None},
        weighted_metrics={"logits": [task_metric(deciding, signature)[0]]},
        jit_compile=False,
    )
    y = task_labels(rows.y, signature)
    valid_y = task_labels(valid.y, signature)
    start = time.perf_counter()
    model.fit(
        rows.x,
        y,
        batch_size=recipe.training.batch_size,
        epochs=epochs,
        validation_data=(valid.x, valid_y),
        validation_batch_size=1024,
        verbose=0,
    )
    return time.perf_counter() - start


def epoch_seconds(fit):
    """Seconds of one epoch more: what comes once, such as tracing a graph, is taken away."""
    return (fit(1 + EPOCHS) - fit(1)) / EPOCHS


def bench_training(recipe, signature, rows, valid, *, deciding, ways=()):
    """Prints rows a second of a recipe's training from memory, against a bare Keras loop, and with
    each of the augmentations in `ways`, (name, specs), against none.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()

    def bare(epochs):
        return bare_keras(recipe, signature, rows, valid, deciding=deciding, epochs=epochs)

    def ours(augment):
        def fit(epochs):
            training = replace(recipe.training, epochs=epochs, schedule=Constant(patience=epochs))
            return train(
                recipe.build,
                TrainFeed(rows, augment=augment),
                valid,
                signature=signature,
                training=training,
                deciding=deciding,
            ).fit_seconds

        return fit

    fits = {"bare": bare, "memory": ours(()), **{name: ours(augment) for name, augment in ways}}
    spent = {name: [] for name in fits}
    for _ in range(PAIRS):
        for name, fit in fits.items():
            spent[name].append(epoch_seconds(fit))

    def told(name, other):
        ratios = [one / two for one, two in zip(spent[name], spent[other], strict=True)]
        return (
            f"{len(rows) / statistics.median(spent[name]):,.0f} rows a second, "
            f"{statistics.median(ratios):.3f} [{min(ratios):.3f}, {max(ratios):.3f}] of the seconds"
        )

    print(
        f"training {recipe.name} from memory: {told('memory', 'bare')} of a bare Keras loop   "
        "(aim 1.0)"
    )
    for name, _ in ways:
        print(f"  augmentation, {name}: {told(name, 'memory')} without   (aim 1.1)")


def bench_runner(signature, test):
    import keras

    runner = Runner.load(BUNDLE)
    model = keras.saving.load_model(BUNDLE / "model.keras", compile=False, safe_mode=True)
    columns = {column.name: test.x[column.name] for column in runner.signature.columns}
    ports = to_ports(runner.signature, test).x
    inputs = runner.prepare(columns)
    model.predict(ports, verbose=0)

    def rate(call):
        start = time.perf_counter()
        call()
        return len(test) / (time.perf_counter() - start)

    calls = {
        "runner, raw rows to labels": lambda: runner.predict_columns(columns),
        "runner, model alone": lambda: runner.interpreter.run(inputs),
        "model.predict, prepared rows": lambda: model.predict(ports, verbose=0),
    }
    rates = {
        name: statistics.median([rate(call) for _ in range(PAIRS)]) for name, call in calls.items()
    }
    for name, value in rates.items():
        print(f"{name:30} {value:10,.0f} rows a second")
    whole, alone, predict = rates.values()
    print(
        f"against model.predict: from raw rows {whole / predict:.2f}, the model alone "
        f"{alone / predict:.2f}"
    )


def main():
    if not (BUNDLE / "report.json").exists():
        sys.exit(f"{BUNDLE} is not there: make run")
    load_tensorflow()
    print(f"{os.cpu_count()} cores, numpy {np.__version__}")
    bench_starts()
    signature, rows, valid, test = bird_ports()
    bench_runner(signature, test)
    bench_training(BIRDS, signature, rows, valid, deciding="average_precision")


if __name__ == "__main__":
    main()
