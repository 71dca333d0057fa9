"""What training in 16 bits costs or saves here: processor seconds of an epoch, and the score.

    python -m tests.bench_precision [credit_mlp emoji_cnn] [--epochs 6]

Seconds are those of the processor, so that other work on the machine does not count; the least of
the epochs after the first. Scores are of validation rows, of the last epoch.
"""

import argparse

from pipelines.training.precision import PRECISIONS

from .timed_epochs import prepared, train_once


def main():
    """Prints a line for each recipe and precision."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=("credit_mlp", "emoji_cnn"))
    parser.add_argument("--epochs", type=int, default=6)
    options = parser.parse_args()
    for name in options.names:
        recipe, inputs = prepared(name)
        for precision in PRECISIONS:
            epochs = train_once(recipe, inputs, options.epochs, precision=precision)
            least = min(epochs.processor[1:])
            print(f"{name} {precision}: {least:.2f} s an epoch, {epochs.score:.4f}")


if __name__ == "__main__":
    main()
