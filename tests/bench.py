"""`make bench`: what this machine takes, as medians and ratios of interleaved runs. Nothing here gates."""

import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from pipelines.device import Runner
from pipelines.feed import TrainFeed
from pipelines.rows import HeldOut, TrainSet
from pipelines.split import split
from pipelines.steps import fit_steps, make_signature, to_ports
from pipelines.strategy import load_tensorflow
from pipelines.tabular import BIRDS
from pipelines.train import _keras_metric, _labels, _member_loss, _with_average, train

BUNDLE = Path("saved_models/birds_mlp")
PAIRS = 5


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
    print(f"import pipelines             {seconds([python, '-c', 'import pipelines']):.3f} s   (aim 0.3)")
    print(f"python -m pipelines --help   {seconds([python, '-m', 'pipelines', '--help']):.3f} s   (aim 0.3)")
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
    return signature, to_ports(signature, encoded, encoded=True), to_ports(signature, parts.valid), parts.test


def bare_keras(recipe, signature, rows: TrainSet, valid: HeldOut, *, deciding, epochs):
    """Seconds of a recipe's net, loss, metric and arrays in the loop that a user would write."""
    import keras
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model = _with_average(recipe.build.build(signature))
    model.compile(optimizer=keras.optimizers.AdamW(1e-3),
                  loss={"members": _member_loss(signature.target.task, recipe.training), "logits": None},
                  weighted_metrics={"logits": [_keras_metric(deciding, signature)[0]]}, jit_compile=False)
    y, valid_y = _labels(rows.y, signature, None), _labels(valid.y, signature, None)
    start = time.perf_counter()
    model.fit(rows.x, y, batch_size=recipe.training.batch_size, epochs=epochs, validation_data=(valid.x, valid_y),
              validation_batch_size=1024, verbose=0)
    return time.perf_counter() - start


def bench_training(signature, rows, valid, epochs=6):
    import tensorflow as tf
    tf.config.experimental.enable_op_determinism()
    training = replace(BIRDS.training, epochs=epochs, patience=epochs)
    ratios, ours_all, bare_all = [], [], []
    for _ in range(PAIRS):
        bare = bare_keras(BIRDS, signature, rows, valid, deciding="average_precision", epochs=epochs)
        ours = train(BIRDS.build, TrainFeed(rows), valid, signature=signature, training=training,
                     deciding="average_precision").fit_seconds
        ratios.append(ours / bare)
        ours_all.append(ours)
        bare_all.append(bare)
    print(f"training, {epochs} epochs of {len(rows):,} rows: ours {statistics.median(ours_all):.2f} s, bare Keras "
          f"{statistics.median(bare_all):.2f} s, ratio {statistics.median(ratios):.3f} "
          f"[{min(ratios):.3f}, {max(ratios):.3f}]   (aim 1.05)")


def bench_runner(signature, test):
    import keras
    runner = Runner.load(BUNDLE)
    model = keras.saving.load_model(BUNDLE / "model.keras", compile=False, safe_mode=True)
    columns = {column.name: test.x[column.name] for column in runner.signature.columns}
    ports, inputs = to_ports(runner.signature, test).x, runner.prepare(columns)
    model.predict(ports, verbose=0)

    def rate(call):
        start = time.perf_counter()
        call()
        return len(test) / (time.perf_counter() - start)
    calls = {"runner, raw rows to labels": lambda: runner.predict_columns(columns),
             "runner, model alone": lambda: runner.interpreter.run(inputs),
             "model.predict, prepared rows": lambda: model.predict(ports, verbose=0)}
    rates = {name: statistics.median([rate(call) for _ in range(PAIRS)]) for name, call in calls.items()}
    for name, value in rates.items():
        print(f"{name:30} {value:10,.0f} rows a second")
    whole, alone, predict = rates.values()
    print(f"against model.predict: from raw rows {whole / predict:.2f}, the model alone {alone / predict:.2f}")


def main():
    if not (BUNDLE / "report.json").exists():
        sys.exit(f"{BUNDLE} is not there: make run")
    load_tensorflow()
    print(f"{os.cpu_count()} cores, numpy {np.__version__}")
    bench_starts()
    signature, rows, valid, test = bird_ports()
    bench_runner(signature, test)
    bench_training(signature, rows, valid)


if __name__ == "__main__":
    main()
