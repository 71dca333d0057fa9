"""What oneDNN and XLA save here: seconds of an epoch, and whether one seed gives one result.

    python -m tests.bench_backends [credit_mlp fashion_cnn remarks_cnn] [--epochs 4]

Each line is a process of its own that trains twice from the same seed: the least seconds of an
epoch after the first, of the wall and of the processor, the seconds of the first epoch, which
compiles, and whether the weights of the two trainings are the same bits.
"""

import argparse
import functools
import os
import subprocess
import sys

import keras

from .timed_epochs import prepared, train_once

CHOICES = (("0", ""), ("1", ""), ("0", "--xla"), ("1", "--xla"))


def compile_by_xla():
    """Makes every model that is compiled from now on one of XLA."""
    plain = keras.Model.compile

    @functools.wraps(plain)
    def compiled(model, *args, jit_compile, **others):
        return plain(model, *args, jit_compile=True, **others)

    keras.Model.compile = compiled


def measure(name, epochs):
    """Prints the line of a recipe in this process."""
    recipe, inputs = prepared(name)
    runs = [train_once(recipe, inputs, epochs) for _ in range(2)]
    wall = min(min(each.wall[1:]) for each in runs)
    processor = min(min(each.processor[1:]) for each in runs)
    same = runs[0].weights == runs[1].weights
    print(f"{wall:.2f} s, {processor:.2f} CPU s, first {runs[0].wall[0]:.1f} s, same bits: {same}")


def main():
    """Prints a line for each recipe and choice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=("credit_mlp", "fashion_cnn", "remarks_cnn"))
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--here", action="store_true", help="in this process")
    parser.add_argument("--xla", action="store_true")
    options = parser.parse_args()
    if options.here:
        if options.xla:
            compile_by_xla()
        measure(options.names[0], options.epochs)
        return
    for name in options.names:
        for onednn, xla in CHOICES:
            command = [sys.executable, "-m", "tests.bench_backends", name, "--here"]
            command += ["--epochs", str(options.epochs), *filter(None, [xla])]
            environment = {**os.environ, "TF_ENABLE_ONEDNN_OPTS": onednn}
            ended = subprocess.run(command, env=environment, text=True, capture_output=True)
            if ended.returncode:
                raise SystemExit(ended.stderr[-3000:])
            words = f"{name}, oneDNN {'on' if onednn == '1' else 'off'}{', XLA' if xla else ''}"
            print(f"{words}: {ended.stdout.splitlines()[-1]}", flush=True)


if __name__ == "__main__":
    main()
