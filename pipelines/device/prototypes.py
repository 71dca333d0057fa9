"""Classes that a bundle learns from a few examples on its device: their mean embeddings.

Nothing is trained. An example is embedded by the int8 file and added to the sum of its class, in
whole numbers, so that C adds the same (`adapt_add` of the bundle's c/prepare.c).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from .checksums import read_checked
from .errors import DeviceError
from .regular import read_regular
from .signature import Signature
from .tasks.prototypes import class_means
from .typed import load_json, read_typed

MAX_FILE_BYTES = 2**24
MOST_EXAMPLES = 65_536  # of a class: float32 holds the sum of so many int8 values exactly
_FAULTS = (TypeError, ValueError, RecursionError)
_MAKE_ONE = "python -m pipelines adapt BUNDLE EXAMPLES writes one"


@dataclass(frozen=True)
class Prototypes:
    """Sums of the embeddings of each new class.

    Attributes:
        model: SHA-256 of the int8 file that embedded them.
        keeps: Whether the classes of the bundle stay among the answers.
        labels: Of the new classes, in the order in which they came.
        counts: Examples of each.
        sums: The sum of the embeddings of each, in steps of the int8 output.
    """

    model: str
    keeps: bool = False
    labels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()
    sums: tuple[tuple[int, ...], ...] = ()

    def added(self, label: str, steps: np.ndarray) -> "Prototypes":
        """Returns the classes with more examples of one.

        Args:
            label: Of the examples; one that is not known yet is a new class.
            steps: int32 [examples, width], as `Port.steps` gives them.

        Raises:
            DeviceError: If a class would have more examples than can be summed exactly.
        """
        counts = dict(
            zip(
                self.labels,
                self.counts,
                strict=True,
            )
        )
        sums = dict(
            zip(
                self.labels,
                self.sums,
                strict=True,
            )
        )
        count = counts.get(label, 0) + len(steps)
        if count > MOST_EXAMPLES:
            raise DeviceError(
                f"{count:,} examples of {label!r}",
                expected=f"at most {MOST_EXAMPLES:,} of a class",
                fix="leave some out, or train a model of these classes",
            )
        total = steps.sum(axis=0, dtype=np.int64)
        if label in sums:
            total = total + np.asarray(sums[label], np.int64)
        counts[label] = count
        sums[label] = tuple(total.tolist())
        return replace(
            self,
            labels=tuple(counts),
            counts=tuple(counts.values()),
            sums=tuple(sums.values()),
        )

    def means(self, signature: Signature) -> np.ndarray:
        """Returns the mean embedding of each class, float32 [labels, width]."""
        sums = np.asarray(self.sums, np.float32)
        counts = np.asarray(self.counts, np.float32)
        return sums / counts[:, None] * signature.output.step()

    def adapted(self, signature: Signature) -> Signature:
        """Returns the signature that answers with these classes.

        Raises:
            DeviceError: If they are of another bundle, too few, or named as one that stays.
        """
        require_prototypes(signature)
        self._check(signature)
        labels = self.labels
        means = self.means(signature)
        if self.keeps:
            labels = signature.target.labels + labels
            means = np.concatenate([class_means(signature, "int8"), means])
        if len(labels) < 2:
            raise DeviceError(
                f"examples of {len(labels)} class",
                expected="two classes or more",
                fix="add another",
            )
        decision = tuple(means.ravel().tolist())
        adapted = replace(
            signature,
            target=replace(signature.target, labels=labels),
            decisions={"float32": decision, "int8": decision},
        )
        adapted.check()
        return adapted

    def _check(self, signature):
        """Raises DeviceError for sums of another width, and labels that stand twice."""
        width = signature.target.embedding
        for count, total in zip(
            self.counts,
            self.sums,
            strict=True,
        ):
            is_count = 1 <= count <= MOST_EXAMPLES
            if not is_count or len(total) != width or max(map(abs, total)) > 255 * count:
                raise DeviceError(
                    f"a sum of {len(total)} numbers of {count} examples",
                    expected=f"{width} numbers, each of at most 255 an example",
                    fix=_MAKE_ONE,
                )
        both = set(self.labels) & set(signature.target.labels)
        if self.keeps and both:
            raise DeviceError(
                f"a new class named as one of the bundle's: {sorted(both)[0]!r}",
                expected="other names, or new classes alone",
                fix="rename its folder, or leave --keep out",
            )

    def to_json(self) -> str:
        """Returns the content of a file that `read_prototypes` reads."""
        return (
            json.dumps(
                asdict(self),
                indent=1,
                ensure_ascii=False,
            )
            + "\n"
        )


def require_prototypes(signature: Signature) -> None:
    """Raises DeviceError for a model that gives no embedding."""
    if not signature.target.embedding:
        raise DeviceError(
            f"a model of the task {signature.target.task!r}",
            expected="one that gives an embedding, which classes can be added to",
            fix="train one: python -m pipelines run fashion_prototypes, or --set "
            "'load=LoadPrototypes(...)' (docs/few-examples.md)",
        )


def model_digest(folder: str | Path) -> str:
    """Returns the SHA-256 of a bundle's int8 file."""
    return hashlib.sha256(read_checked(folder, "model_int8.tflite")).hexdigest()


def read_prototypes(path: str | Path, folder: str | Path) -> Prototypes:
    """Reads the new classes of a bundle.

    Args:
        path: Of the file that `adapt` wrote.
        folder: Of the bundle that embedded their examples.

    Raises:
        DeviceError: If the file cannot be read, holds anything else, or is of another bundle.
    """
    try:
        values = load_json(read_regular(path, MAX_FILE_BYTES))
        prototypes = read_typed(Prototypes, values)
        if not len(prototypes.labels) == len(prototypes.counts) == len(prototypes.sums):
            raise ValueError("labels, counts and sums are not as many")
        if len(set(prototypes.labels)) < len(prototypes.labels):
            raise ValueError("a label stands twice")
    except (OSError, *_FAULTS) as error:
        raise DeviceError(
            f"{str(path)!r} holds no prototypes: {error}",
            expected="a file of class means",
            fix=_MAKE_ONE,
        ) from error
    if prototypes.model != model_digest(folder):
        raise DeviceError(
            f"{str(path)!r} was made with another model than that of {str(folder)!r}",
            expected="prototypes and a model of one bundle: embeddings of others mean nothing here",
            fix=_MAKE_ONE,
        )
    return prototypes
