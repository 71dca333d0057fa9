"""What each way of compressing brings on 8,000 pictures of clothes: scores on test pictures, bytes, bytes after gzip
and milliseconds of one picture, one thread. Nothing here gates; `tests/test_compress.py` does, on less."""

import time
from dataclasses import dataclass

import numpy as np

from pipelines import vision
from pipelines.compress import gzip_bytes, make_tuning
from pipelines.device.runner import LiteRT, Runner
from pipelines.evaluate import score
from pipelines.export.convert import convert
from pipelines.feed import TrainFeed
from pipelines.run import quantized
from pipelines.split import split
from pipelines.steps import fit_steps, make_signature, to_ports
from pipelines.strategy import load_tensorflow
from pipelines.train import train
from pipelines.verify.ladder import answer_all

TIMED_CALLS = 300


@dataclass(frozen=True, eq=False)
class Clothes:
    """Rows as ports, and the raw test rows, of the slice of Fashion-MNIST in data/."""

    signature: object
    train: object
    valid: object
    test: object

    @classmethod
    def load(cls, recipe=vision.FASHION):
        dataset, _ = recipe.load.read()
        parts = split(dataset, recipe.split)
        _, rows = fit_steps((), parts.train)
        signature = make_signature((), (), rows)
        return cls(signature, to_ports(signature, rows, encoded=True), to_ports(signature, parts.valid), parts.test)

    def feed(self):
        return TrainFeed(self.train, augment=vision.FASHION.augment)

    def tuning(self, training):
        return make_tuning(self.feed(), self.valid, signature=self.signature, training=training, deciding="accuracy")

    def train_net(self, build, training):
        return train(build, self.feed(), self.valid, signature=self.signature, training=training,
                     deciding="accuracy").model


@dataclass(frozen=True)
class Measured:
    """accuracy, size_bytes, gzip size in bytes and milliseconds of a call, of the float32 and of the int8 file."""

    float32: tuple[float, int, int, float]
    int8: tuple[float, int, int, float]


def measure(model, clothes: Clothes, *, num_test: int = 2000) -> Measured:
    """Converts a model and answers test rows through the device runner."""
    files, forms = convert(model, clothes.train), {}
    places = np.arange(min(num_test, len(clothes.test)))
    for form in ("float32", "int8"):
        interpreter = LiteRT(files[form])
        signature = quantized(clothes.signature, LiteRT(files["int8"]), model)
        runner = Runner(signature, interpreter, form=form)
        answers = answer_all(runner, clothes.test, places)
        accuracy = score(clothes.test.y[places], answers, signature.target)["accuracy"]
        forms[form] = (accuracy, len(files[form]), gzip_bytes(files[form]), call_ms(runner, clothes.test))
    return Measured(**forms)


def call_ms(runner, rows):
    """The fastest tenth of calls with one row, in ms: other work on the machine only ever adds."""
    inputs = runner.prepare({column.name: rows.x[column.name][:1] for column in runner.signature.columns})
    times = []
    for _ in range(TIMED_CALLS):
        start = time.perf_counter()
        runner.interpreter.run(inputs)
        times.append((time.perf_counter() - start) * 1000)
    return float(np.percentile(times, 10))


def print_head():
    print(f"{'method':42}{'form':9}{'accuracy':>9}{'bytes':>9}{'gzip':>9}{'ms':>8}{'speed':>7}")


def print_row(name: str, measured: Measured, beside: Measured):
    for form in ("float32", "int8"):
        accuracy, size, zipped, ms = getattr(measured, form)
        print(f"{name:42}{form:9}{accuracy:9.4f}{size:9,}{zipped:9,}{ms:8.3f}{getattr(beside, form)[3] / ms:6.2f}×",
              flush=True)


def main():
    from pipelines.compress import PruneChannels, PruneWeights
    load_tensorflow()
    clothes = Clothes.load()
    model = clothes.train_net(vision.FASHION.build, vision.FASHION.training)
    tuning = clothes.tuning(vision.FASHION.training)
    plain = measure(model, clothes)
    print_head()
    print_row("as trained", plain, plain)
    for spec in (PruneWeights(share=0.7, epochs=6), PruneChannels(share=0.3), PruneChannels(share=0.5),
                 PruneChannels(share=0.5, epochs=12, rounds=3)):
        print_row(f"{spec}"[:41], measure(spec.compress(model, tuning), clothes), plain)


if __name__ == "__main__":
    main()
