"""The two nets of an adversarial generator, and how they learn."""

from typing import Any

import numpy as np

from .nets import NetLayers, known_inputs, scale_last
from .optimizer import averaged_adam
from .rows import ClassRows, LearnedGenerator, codes_of, drawn_places, nearest_rows, require_finite

MOST_ROWS = 256  # that are drawn at once
SMALLEST_SQUARE = 1e-12  # under a root


class AdversarialNets(LearnedGenerator):
    """A generator: noise and a class → what a row adds to the mean of its class. A critic: that and
    a class → a score, higher for training rows.

    Args:
        spec: An `AdversarialGenerator`.
        rows: To learn from.
        seed: Of the weights.

    Attributes:
        generator: A keras.Model of "code" and "label".
        critic: A keras.Model of "row" and "label".
    """

    def __init__(self, spec: Any, rows: ClassRows, seed: int):
        self._spec = spec
        self._rows = rows
        self._means = rows.means()
        self._one_hot = rows.one_hot()
        self.generator = build_generator(spec, rows, seed)
        self.critic = build_critic(spec, rows, seed)

    def draw(self, classes: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Draws as `LearnedGenerator.draw`; the parent of a row is the training row of its class
        that it is nearest to.
        """
        asked = self.net_inputs(classes, seed)
        rest = np.zeros((len(classes), self._rows.values.shape[1]), np.float32)
        for start in range(0, len(classes), MOST_ROWS):
            part = slice(start, start + MOST_ROWS)
            inputs = {name: array[part] for name, array in asked.items()}
            rest[part] = np.asarray(self.generator(inputs))
        drawn = require_finite(rest + self._means[classes], self._spec)
        return drawn, nearest_rows(drawn, classes, self._rows)

    def net_inputs(self, classes: np.ndarray, seed: int) -> dict[str, np.ndarray]:
        """Returns the noise that rows are drawn from, and the classes."""
        return codes_of(self._one_hot[classes], self._spec.code, seed)

    def to_keras(self, factor: np.ndarray, offset: np.ndarray, shape: tuple[int, ...]) -> Any:
        """Returns the generator as a keras.Model: "code" float32 [rows, code] and "label" one-hot
        float32 [rows, classes] → float32 [rows, *shape].
        """
        import keras

        twin = build_generator(self._spec, self._rows, 0)
        twin.set_weights(self.generator.get_weights())
        scale_last(twin.get_layer("rest"), _by_filter(factor, self._rows.shape))
        label = twin.input["label"]
        mean = keras.layers.Dense(
            len(factor),
            use_bias=False,
            name="class_mean",
        )
        rows = keras.layers.Add(name="sum")([twin.output, mean(label)])
        rows = keras.layers.Reshape(shape, name="drawn")(rows)
        mean.set_weights([self._means * factor + offset])
        return keras.Model(twin.input, rows, name="generator")


def _by_filter(factor, shape):
    """Returns the factor of each channel of a map, or of each value of a table."""
    if len(shape) == 3:
        return factor[: shape[2]]
    return factor.reshape(shape[0], -1)[:, 0]


def build_generator(spec: Any, rows: ClassRows, seed: int) -> Any:
    """Returns the keras.Model from "code" and "label" to rows float32 [rows, values]."""
    import keras

    layers = NetLayers(rows.shape, seed)
    inputs = known_inputs(spec.code, rows.num_classes)
    join = keras.layers.Concatenate(name="known")
    x = join(list(inputs.values()))
    if layers.map is None:
        for place, width in enumerate(spec.units):
            x = layers.dense(x, width, f"hidden{place}")
            x = layers.rectify(x, f"hidden{place}")
        x = layers.dense(x, rows.shape[0], "rest", last=True)
    else:
        x = _grown(x, spec.filters, layers)
    return keras.Model(inputs, x, name="generator")


def _grown(x, filters, layers):
    """Returns rows of maps that grow from the smallest to the whole one."""
    import keras

    *larger, smallest = layers.sides(len(filters))
    shape = (*smallest, filters[0])
    x = layers.dense(x, int(np.prod(shape)), "start")
    x = layers.rectify(x, "start")
    x = keras.layers.Reshape(shape, name="started")(x)
    names = [f"double{place}" for place in range(len(filters) - 1)]
    for name, width, sides in zip(
        [*names, "rest"],
        [*filters[1:], layers.map[2]],
        larger[::-1],
        strict=True,
    ):
        is_last = name == "rest"
        x = layers.double(x, width, name, sides=sides, last=is_last)
        if not is_last:
            x = layers.rectify(x, name)
    return layers.from_map(x)


def build_critic(spec: Any, rows: ClassRows, seed: int) -> Any:
    """Returns the keras.Model from "row" and "label" to scores float32 [rows, 1]."""
    import keras

    layers = NetLayers(rows.shape, seed + 1)
    row = keras.Input((rows.values.shape[1],), name="row")
    label = keras.Input((rows.num_classes,), name="label")
    x = row
    narrow: Any = layers.dense
    widths = spec.units
    if layers.map is not None:
        x = layers.to_map(x)
        narrow = layers.halve
        widths = spec.filters
    for place, width in enumerate(widths[::-1]):
        name = f"down{place}"
        x = narrow(x, width, name)
        x = layers.leak(x, name)
    x = keras.layers.Flatten(name="features")(x)
    for_any = layers.dense(x, 1, "for_any")
    by_class = layers.dense(x, rows.num_classes, "by_class")
    for_class = keras.layers.Dot(1, name="for_class")([by_class, label])
    score = keras.layers.Add(name="score")([for_any, for_class])
    return keras.Model({"row": row, "label": label}, score, name="critic")


def gradient_norms(critic: Any, row: Any, label: Any) -> Any:
    """Returns the norm of the critic's gradient at each row, float32 [rows], a tensor.

    Args:
        critic: A keras.Model of "row" and "label".
        row: float32 [rows, values], a tensor.
        label: One-hot, float32 [rows, classes], a tensor.
    """
    import tensorflow as tf

    with tf.GradientTape() as tape:
        tape.watch(row)
        scores = critic({"row": row, "label": label})
    slope = tape.gradient(scores, row)
    squares = tf.reduce_sum(slope**2, axis=1)
    return tf.sqrt(squares + SMALLEST_SQUARE)


class _Steps:
    """One step of each net, traced once."""

    def __init__(self, nets, spec, num_batches):
        import tensorflow as tf

        self.nets = nets
        self.spec = spec
        weights = nets.generator.trainable_variables
        others = nets.critic.trainable_variables
        num_critic = num_batches * spec.critic_steps
        momenta = spec.momenta()
        self.optimizer = averaged_adam(spec.learning_rate, num_batches, momenta=momenta)
        self.optimizer.build(weights)
        self.critic_optimizer = averaged_adam(spec.learning_rate, num_critic, momenta=momenta)
        self.critic_optimizer.build(others)
        self.generator_step = tf.function(self._generator_step)
        self.critic_step = tf.function(self._critic_step)

    def _critic_step(self, row, label, code, share):
        import tensorflow as tf

        nets = self.nets
        drawn = nets.generator({"code": code, "label": label})
        weights = nets.critic.trainable_variables
        with tf.GradientTape() as tape:
            real_score = nets.critic({"row": row, "label": label})
            drawn_score = nets.critic({"row": drawn, "label": label})
            loss = self.spec.critic_loss(real_score, drawn_score)
            if self.spec.penalty:
                at = self.spec.penalized_rows(row, drawn, share)
                norms = gradient_norms(nets.critic, at, label)
                loss += self.spec.penalize(norms)
        self.critic_optimizer.apply(tape.gradient(loss, weights), weights)

    def _generator_step(self, label, code):
        import tensorflow as tf

        nets = self.nets
        weights = nets.generator.trainable_variables
        with tf.GradientTape() as tape:
            drawn = nets.generator({"code": code, "label": label})
            score = nets.critic({"row": drawn, "label": label})
            loss = self.spec.generator_loss(score)
        self.optimizer.apply(tape.gradient(loss, weights), weights)


def learn_by_contest(nets: AdversarialNets, spec: Any, rows: ClassRows, seed: int) -> None:
    """Lets both nets learn in turn.

    Args:
        nets: Whose weights change.
        spec: An `AdversarialGenerator`.
        rows: To learn from.
        seed: Of batches and noise.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    random = np.random.default_rng(seed)
    rest = rows.rest()
    one_hot = rows.one_hot()
    ends = rows.ends()
    size = (spec.batch_rows, spec.code)
    steps = _Steps(nets, spec, spec.num_batches)
    for _ in range(spec.num_batches):
        for _ in range(spec.critic_steps):
            places = drawn_places(ends, spec.batch_rows, random)
            label = one_hot[rows.y[places]]
            code = random.standard_normal(size, dtype=np.float32)
            share = random.random((spec.batch_rows, 1), dtype=np.float32)
            steps.critic_step(
                tf.constant(rest[places]),
                tf.constant(label),
                tf.constant(code),
                tf.constant(share),
            )
        code = random.standard_normal(size, dtype=np.float32)
        steps.generator_step(tf.constant(label), tf.constant(code))
    steps.optimizer.finalize_variable_values(nets.generator.trainable_variables)
