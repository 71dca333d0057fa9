"""Distillation: a small net learns from what a large one answers, which holds more about a row than
its label.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from ..device.errors import DeviceError
from ..device.signature import Signature, read_signature
from ..errors import BundleError, RecipeError, TrainError
from ..slots import Compression
from ..spec import check_knobs, knob
from ..training.call_graph import copy_layer
from ..training.keras_file import read_keras
from .channels import cut_to
from .tuning import Tuning, copy_model, rebuild, same_inputs

STARTS = ("trained", "drawn", "teacher")


@dataclass(frozen=True)
class Distil(Compression):
    """Fits a model on the answers of the model in the bundle `teacher` (saved_models/<name>) and on
    the labels (Hinton, Vinyals, Dean 2015, https://arxiv.org/abs/1503.02531). The teacher answers
    each batch as it is altered, mixed pictures too: what it learned from and what it answers are
    seen alike (Beyer et al. 2022, https://arxiv.org/abs/2106.05237).

    The teacher's part of the loss is, of classes, the divergence of both answers at a
    `temperature`, times its square; of real numbers, the squared difference. A net that starts from
    drawn weights or from the teacher's (as DistilBERT starts with layers of its teacher: Sanh et
    al. 2019, https://arxiv.org/abs/1910.01108) takes as many epochs as training does.

    Attributes:
        teacher: Folder of the teacher's bundle, `saved_models/<name>`.
        share: Share of the loss that is the teacher's; the rest is that of the labels.
        temperature: What logits are divided by before both answers are compared; more shows more of
            the classes that the teacher finds unlikely.
        epochs: How long the model is fitted.
        learning_rate_factor: Factor of the learning rate of training.
        start: Where the net starts: "trained", as it is; "drawn", with weights drawn anew;
            "teacher", with the weights of the teacher's channels that matter most, where the
            teacher is the same net, but wider.
    """

    teacher: str = ""
    share: float = knob(0.9, 0.01, 1)
    temperature: float = knob(2.0, 0.1, 100)
    epochs: int = knob(20, 1, 100_000)
    learning_rate_factor: float = knob(1.0, 1e-6, 100)
    start: str = "trained"

    def files_read(self) -> dict[str, str]:
        """Returns the path of the teacher's Keras model."""
        return {self.teacher: str(Path(self.teacher) / "model.keras")}

    def check(self) -> None:
        """Raises RecipeError for a knob out of its limits, an unknown start, or where there is no
        bundle.
        """
        _check_knobs(self)
        if not all(
            (Path(self.teacher) / name).is_file() for name in ("model.keras", "signature.json")
        ):
            raise RecipeError(
                f"no model.keras and signature.json in {self.teacher!r}",
                expected="a bundle: saved_models/<name>/",
                fix="name the folder that `python -m pipelines run` wrote",
            )

    def compress(self, model, tuning: Tuning):
        """A keras.Model of the same layers, taught. Raises TrainError where the bundle's model
        cannot be read, or was made for other inputs, steps or labels.
        """
        return distil(model, self.load(tuning), tuning, self)

    def taught(self, tuning: Tuning) -> Tuning:
        """The tuning with the teacher in its loss, for any other method to fit with. Raises as
        `compress`.
        """
        return taught(
            tuning,
            self.load(tuning),
            share=self.share,
            temperature=self.temperature,
        )

    def load(self, tuning: Tuning):
        """The bundle's keras.Model. Nothing that the file holds is run."""
        self.check()
        try:
            signature = read_signature(Path(self.teacher))
            with tuning.scope():
                model = read_keras(self.teacher)
        except (DeviceError, BundleError) as error:
            raise TrainError(
                f"{self.teacher!r} cannot be read: {error.received}",
                expected="a whole bundle that this version wrote",
                fix="make the bundle again",
                stage="distil",
            ) from error
        if tuning.signature is not None:
            _check_signature(signature, tuning.signature, self.teacher)
        return model


def distil(model, teacher, tuning: Tuning, spec: Distil = Distil()):
    """A keras.Model of the same layers, taught by another Keras model of the same inputs and
    outputs by the knobs of `spec` (its `teacher` does not count). Raises TrainError where inputs or
    outputs differ in shape, RecipeError where the net is to start from a teacher that is not the
    same, but wider.
    """
    import keras

    _check_knobs(spec)
    plain = tuning
    tuning = taught(tuning, teacher, share=spec.share, temperature=spec.temperature)
    same_inputs(model, teacher)
    if model.output_shape != teacher.output_shape:
        raise TrainError(
            f"a teacher of outputs {teacher.output_shape}",
            expected=f"{model.output_shape}",
            fix="take a teacher of the same labels",
            stage="distil",
        )
    keras.utils.set_random_seed(tuning.seed)  # of layers without a seed of their own
    if spec.start == "teacher":
        model = cut_to(teacher, model, plain)
    else:
        with tuning.scope():
            model = rebuild(model, copy_layer, copy_weights=spec.start == "trained")
    tuning.fit(model, epochs=spec.epochs, learning_rate_factor=spec.learning_rate_factor)
    return model


def _check_knobs(spec):
    check_knobs(spec)
    if spec.start not in STARTS:
        raise RecipeError(
            f"start={spec.start!r}",
            expected=", ".join(STARTS),
            fix="start='drawn'",
        )


def taught(tuning: Tuning, teacher, *, share: float = 0.9, temperature: float = 2.0) -> Tuning:
    """The tuning with a Keras model's answers in its loss (see `Distil`), for any method to fit
    with.
    """
    import keras

    with tuning.scope():
        frozen = copy_model(teacher)
        frozen = keras.Model(frozen.input, frozen.outputs[0], name="tuned_teacher")
    frozen.trainable = False
    return replace(tuning, teacher=frozen, loss=_taught_loss(tuning, share, temperature))


def _taught_loss(tuning, share, temperature):
    """A Keras loss of y and [rows, ..., twice the outputs], the model's and then the teacher's."""
    import keras

    ops = keras.ops

    class TaughtLoss(keras.losses.Loss):
        def call(self, y_true, y_pred):
            own, taught = ops.split(y_pred, 2, axis=-1)
            hard = tuning.loss.call(y_true, own)
            soft = _divergence(own, taught, tuning, temperature)
            return (1 - share) * _by_row(hard) + share * _by_row(soft)

    return TaughtLoss(name="taught_loss")


def _by_row(values):
    import keras

    rest = tuple(range(1, len(values.shape)))
    if rest:
        return keras.ops.mean(values, axis=rest)
    return values


def _divergence(own, taught, tuning, temperature):
    """How far the answers are from the teacher's, for each row, and each step where there are
    steps.
    """
    import keras

    ops = keras.ops
    if tuning.answers == "values":
        return ops.mean(ops.square(own - taught), axis=-1)
    if tuning.answers == "softmax":
        if not tuning.from_logits:  # log(p) is a logit, up to a constant that softmax takes away
            own, taught = (ops.log(ops.clip(each, 1e-7, 1.0)) for each in (own, taught))
        own = ops.log_softmax(own / temperature)
        taught = ops.log_softmax(taught / temperature)
        return temperature**2 * ops.sum(ops.exp(taught) * (taught - own), axis=-1)
    if not tuning.from_logits:
        own, taught = (
            ops.log(each / (1 - each))
            for each in (ops.clip(own, 1e-7, 1 - 1e-7), ops.clip(taught, 1e-7, 1 - 1e-7))
        )
    soft = ops.sigmoid(taught / temperature)
    yes, no = (
        ops.log_sigmoid(sign * taught / temperature) - ops.log_sigmoid(sign * own / temperature)
        for sign in (1, -1)
    )
    return temperature**2 * ops.mean(soft * yes + (1 - soft) * no, axis=-1)


def _check_signature(theirs: Signature, ours: Signature, folder: str) -> None:
    def takes(signature):
        return [
            (port.name, tuple(port.shape), port.unit, port.num_ids) for port in signature.inputs
        ]

    pairs = {
        "inputs": (takes(theirs), takes(ours)),
        "labels": (theirs.target.labels, ours.target.labels),
        "fitted steps": (theirs.primitives, ours.primitives),
        "target": tuple(
            (
                each.target.task,
                each.target.offset,
                each.target.factor,
                each.target.quantiles,
                each.target.step_offsets,
                each.target.step_factors,
            )
            for each in (theirs, ours)
        ),
    }
    for what, (their, our) in pairs.items():
        if str(their) != str(our):  # as text: a NaN in a step is equal to itself
            raise TrainError(
                f"a teacher of other {what} in {folder!r}: {str(their)[:120]}",
                expected=f"the recipe's own: {str(our)[:120]}",
                fix="take a bundle made with the same data, split and steps",
                stage="distil",
            )
