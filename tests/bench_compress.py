"""What each way of compressing brings on 8,000 pictures of clothes: scores on test pictures, bytes,
bytes after gzip and milliseconds of one picture, one thread. Nothing here gates;
`tests/compress/test_compress.py` does, on less.
"""

import sys
import time
from dataclasses import dataclass, replace

import numpy as np

from pipelines import vision
from pipelines.compress import (
    ClusterWeights,
    Distil,
    FactorizeLowRank,
    PruneChannels,
    PruneWeights,
    distil,
    gzip_bytes,
    make_tuning,
)
from pipelines.compress.channels import cut_to
from pipelines.convert.convert import convert
from pipelines.convert.scales import with_scales
from pipelines.device.runner import LiteRT, Runner
from pipelines.device.signature import Signature
from pipelines.recipe import Recipe
from pipelines.rows.parts import HeldOut, TrainSet
from pipelines.rows.split import split
from pipelines.sources.tensorflow import load_tensorflow
from pipelines.steps import fit_steps, make_signature, to_ports
from pipelines.tasks import task_of
from pipelines.training.feed import TrainFeed
from pipelines.training.fit import train
from pipelines.training.members import average_members
from pipelines.training.optimizers import AdamW
from pipelines.training.schedules import Cosine
from pipelines.training.training import Training
from pipelines.verify.keras_interpreter import KerasInterpreter
from pipelines.verify.ladder import answer_all

TIMED_CALLS = 300
# As fashion_cnn, with more channels than 5,400 pictures need.
WIDE = vision.Cnn(widths=(32, 64, 64, 96), pool_after=(0, 2), dropout=0.2)
WIDE_TRAINING = Training(
    epochs=14, batch_size=64, optimizer=AdamW(learning_rate=3e-3), schedule=Cosine()
)


@dataclass(frozen=True, eq=False)
class Clothes:
    """Rows as ports, and the raw test rows, of the slice of Fashion-MNIST in data/."""

    signature: Signature
    train: TrainSet
    valid: HeldOut
    test: HeldOut

    @classmethod
    def load(cls, recipe: Recipe = vision.FASHION) -> "Clothes":
        dataset, _ = recipe.load.read()
        parts = split(dataset, recipe.split)
        _, rows = fit_steps((), parts.train)
        signature = make_signature((), (), rows)
        return cls(
            signature,
            to_ports(signature, rows, encoded=True),
            to_ports(signature, parts.valid),
            parts.test,
        )

    def feed(self):
        return TrainFeed(self.train, augment=vision.FASHION.augment)

    def tuning(self, training):
        return make_tuning(
            self.feed(),
            self.valid,
            signature=self.signature,
            training=training,
            deciding="accuracy",
        )

    def train_net(self, build, training):
        return train(
            build,
            self.feed(),
            self.valid,
            signature=self.signature,
            training=training,
            deciding="accuracy",
        ).model

    def accuracy(self, model):
        """On the test rows, of the Keras model."""
        answers = answer_all(
            Runner(self.signature, KerasInterpreter(model), form="float32"), self.test
        )
        return task_of(self.signature.target).score(self.test.y, answers, self.signature.target)[
            "accuracy"
        ]


@dataclass(frozen=True)
class Measured:
    """accuracy, size_bytes, gzip size in bytes and milliseconds of a call, of the float32 and of
    the int8 file.
    """

    float32: tuple[float, int, int, float]
    int8: tuple[float, int, int, float]


def measure(model, clothes: Clothes, *, num_test: int = 2000) -> Measured:
    """Converts a model and answers test rows through the device runner."""
    files = convert(model, clothes.train)
    forms = {}
    places = np.arange(min(num_test, len(clothes.test)))
    for form in ("float32", "int8"):
        interpreter = LiteRT(files[form])
        signature = with_scales(clothes.signature, LiteRT(files["int8"]), model)
        runner = Runner(signature, interpreter, form=form)
        answers = answer_all(runner, clothes.test, places)
        accuracy = task_of(signature.target).score(
            clothes.test.y[places], answers, signature.target
        )["accuracy"]
        forms[form] = (
            accuracy,
            len(files[form]),
            gzip_bytes(files[form]),
            call_ms(runner, clothes.test),
        )
    return Measured(**forms)


def call_ms(runner, rows):
    """The fastest tenth of calls with one row, in ms: other work on the machine only ever adds."""
    inputs = runner.prepare(
        {column.name: rows.x[column.name][:1] for column in runner.signature.columns}
    )
    times = []
    for _ in range(TIMED_CALLS):
        start = time.perf_counter()
        runner.interpreter.run(inputs)
        times.append((time.perf_counter() - start) * 1000)
    return float(np.percentile(times, 10))


def print_head():
    print(f"{'method':62}{'form':9}{'accuracy':>9}{'bytes':>9}{'gzip':>9}{'ms':>8}{'speed':>7}")


def print_row(name: str, measured: Measured, beside: Measured):
    for form in ("float32", "int8"):
        accuracy, size, zipped, ms = getattr(measured, form)
        speed = getattr(beside, form)[3] / ms
        print(
            f"{name[:61]:62}{form:9}{accuracy:9.4f}{size:9,}{zipped:9,}{ms:8.3f}{speed:6.2f}×",
            flush=True,
        )


def distilled_gains(teacher: str, *, seeds=(0, 1, 2)) -> list[float]:
    """By how much of accuracy on 10,000 test pictures the net of the recipe fashion_30kb is better
    when it learns from the bundle `teacher`, of fashion_100kb, than when it is trained alone: the
    same epochs, one number a seed. It starts with the teacher's own channels. Prints all.
    """
    recipe = vision.FASHION_30KB
    clothes = Clothes.load(vision.FASHION_30KB)
    gains = []
    for seed in seeds:
        training = replace(recipe.training, seed=seed)
        alone = clothes.train_net(recipe.build, training)
        spec = Distil(teacher=teacher, epochs=training.epochs, start="teacher")
        scores = [
            clothes.accuracy(each)
            for each in (alone, spec.compress(alone, clothes.tuning(training)))
        ]
        gains.append(scores[1] - scores[0])
        print("seed {}: alone {:.4f}, taught {:.4f}".format(seed, *scores), flush=True)
    return gains


def print_untaught(teacher: str):
    """What the teacher's channels are worth to that net without the teacher's answers, with the
    recipe's seed.
    """
    recipe = vision.FASHION_30KB
    clothes = Clothes.load(vision.FASHION_30KB)
    tuning = clothes.tuning(recipe.training)
    cut = cut_to(
        Distil(teacher=teacher).load(tuning),
        average_members(recipe.build.build(clothes.signature)),
        tuning,
    )
    tuning.fit(cut, epochs=recipe.training.epochs)
    print(
        f"seed {recipe.training.seed}: cut from the teacher, not taught "
        f"{clothes.accuracy(cut):.4f}",
        flush=True,
    )


def main():
    load_tensorflow()
    clothes = Clothes.load()
    model = clothes.train_net(WIDE, WIDE_TRAINING)
    tuning = clothes.tuning(WIDE_TRAINING)
    plain = measure(model, clothes)
    print_head()
    print_row("as trained", plain, plain)
    for spec in (
        PruneChannels(share=0.4, epochs=10, multiple=8),
        PruneChannels(share=0.5, epochs=10, multiple=8),
        PruneWeights(share=0.7),
        ClusterWeights(),
        FactorizeLowRank(energy=0.8),
    ):
        print_row(repr(spec), measure(spec.compress(model, tuning), clothes), plain)
    small = clothes.train_net(vision.FASHION_30KB.build, WIDE_TRAINING)
    print_row("a small net alone", measure(small, clothes), plain)
    spec = Distil(epochs=WIDE_TRAINING.epochs, start="drawn")
    print_row(
        f"the same taught by the first, {spec}",
        measure(distil(small, model, tuning, spec), clothes),
        plain,
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        distilled_gains(sys.argv[1])
        print_untaught(sys.argv[1])
    else:
        main()
