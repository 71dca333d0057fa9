"""Prototypes: a net that embeds rows, and the class whose mean embedding is nearest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..device.frame import Frame
from ..device.ports import Port
from ..device.primitives import num_draws
from ..device.signature import Signature
from ..device.target import Target
from ..device.tasks.prototypes import DevicePrototypes
from ..errors import RecipeError
from ..rows.parts import HeldOut, TrainSet
from .c_prototypes import c_prototypes, c_prototypes_declaration
from .classes import ClassTask
from .costs import Saving
from .episode import ALONE, episode_logits

if TYPE_CHECKING:
    from ..recipe import Recipe


class PrototypesTask(ClassTask):
    """One of several labels, of which more can be added on the device without training."""

    device = DevicePrototypes()
    name = DevicePrototypes.name
    deciding_metrics = ("accuracy",)
    shown_metrics = ("macro_f1", "balanced_accuracy", "accuracy", "average_precision", "roc_auc")
    output_unit = "embedding"
    output_kind = "values"
    calibrations = ("none",)
    decides_on_training_rows = True
    embeds = True
    staggers_outputs = False  # many outputs that make one distance

    def num_outputs(self, target: Target, frame: Frame | None, ports: Sequence[Port]) -> int:
        """Returns the width of the embedding."""
        return target.embedding

    def training_truth(self, y: np.ndarray, target: Target) -> np.ndarray:
        """Returns one-hot float32 [rows, classes]."""
        return np.eye(len(target.labels), dtype=np.float32)[y]

    def default_loss(self, target: Target) -> Callable:
        """Returns the cross-entropy of the distances to the class means of the batch."""
        from keras import ops

        def loss(truth, embeddings):
            is_class = ops.swapaxes(
                truth,
                0,
                1,
            )
            logits = episode_logits(
                is_class,
                ops.swapaxes(
                    embeddings,
                    0,
                    1,
                ),
            )
            own = ops.sum(is_class * logits, axis=-1)
            loss = ops.logsumexp(logits, axis=-1) - own
            # A row that is alone in its class has no mean to be near to.
            by_member = ops.where(
                own > ALONE,
                loss,
                0.0,
            )
            return ops.swapaxes(
                by_member,
                0,
                1,
            )

        return loss

    def keras_metric(self, deciding: str, target: Target) -> Any:
        """Returns the share of rows whose own class mean is nearest in their batch."""
        import keras
        from keras import ops

        class EpisodeAccuracy(keras.metrics.Mean):
            def update_state(self, y_true, y_pred, sample_weight=None):
                counted = y_true
                if sample_weight is not None:
                    counted = y_true * ops.reshape(sample_weight, (-1, 1))
                logits = episode_logits(counted[None], y_pred[None])[0]
                is_right = ops.argmax(logits, axis=-1) == ops.argmax(y_true, axis=-1)
                return super().update_state(is_right, sample_weight=sample_weight)

        return EpisodeAccuracy(name=deciding)

    def check_recipe(self, recipe: Recipe) -> None:
        """Raises RecipeError for what needs an output a label."""
        balancer = recipe.balancer()
        build = recipe.build
        shown = {
            "balance": balancer is not None and balancer.shifts_logits,
            "build": build.solves or build.fits_members or build.decides_by_folds,
            "judge.coverage": recipe.judge.coverage > 0,
            "teacher": recipe.teacher is not None,
        }
        for slot, is_refused in shown.items():
            if is_refused:
                raise RecipeError(
                    f"{slot} for an embedding, whose outputs are no labels",
                    expected="a network that is trained by epochs, without what alters its logits",
                    fix=f"--set {slot}=None, or --set judge.coverage=0, or another network",
                )

    def decide(
        self,
        recipe: Recipe,
        signature: Signature,
        train_rows: TrainSet,
        rows: HeldOut | TrainSet,
        *,
        form: str,
        raw: np.ndarray,
    ) -> Signature:
        """Returns the signature with the mean embedding of the training rows of each label."""
        if num_draws(signature.primitives) > 1:
            raise RecipeError(
                "an embedding of rows whose missing numbers are drawn",
                expected="one embedding a row",
                fix="--set 'prepare=(ImputeMedian(),)'",
            )
        embeddings = signature.output.to_float(raw).astype(np.float64)
        means = []
        for place in range(len(signature.target.labels)):
            mean = embeddings[rows.y == place].mean(axis=0)
            means += mean.astype(np.float32).tolist()
        return replace(signature, decisions={**signature.decisions, form: tuple(means)})

    def choose_offsets(
        self,
        logits: np.ndarray,
        y: np.ndarray,
        *,
        metric: str | Saving,
        class_shares: np.ndarray,
        near: tuple[float, ...] | None,
    ) -> tuple[float, ...]:
        """Returns zeros: the nearest class answers, and of peers the most probable one."""
        return (0.0,) * logits.shape[1]

    def c_declaration(self, signature: Signature) -> str:
        """Returns the function to the label, and those that learn new classes on the device."""
        return super().c_declaration(signature) + c_prototypes_declaration(signature)

    def c_definition(self, signature: Signature) -> str:
        """Returns the nearest mean of the labels, and of classes that were added."""
        return c_prototypes(signature)

    def answer_words(self, signature: Signature, write: Callable[[str], str]) -> str:
        """Returns that the nearest mean answers."""
        return (
            "They embed the row; the label is that whose mean embedding (`decisions` in "
            "`signature.json`) is nearest. More labels are added by `adapt`, without training."
        )

    def decision_text(self, report: Mapping, write: Callable[[str], str]) -> str:
        """Returns what the label is, and of which rows the means are."""
        return (
            "Label: the class whose mean embedding is nearest, by Euclidean distance, to that of "
            "the row. The means are those of the training rows, of each form by itself."
        )
