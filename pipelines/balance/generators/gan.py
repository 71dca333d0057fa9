"""Generative adversarial nets that are conditional on the class."""

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Any, Self

from ...errors import RecipeError
from ...slots import Generator
from ...spec import knob
from .adversarial import AdversarialNets, learn_by_contest
from .rows import ClassRows


@dataclass(frozen=True)
class AdversarialGenerator(Generator):
    """What adversarial generators share: a net that draws rows from noise and a class, and a critic
    that finds them among training rows of the class.

    Of pictures and of whole series both are convolutions without pooling (DCGAN, Radford et al.
    2016, https://arxiv.org/abs/1511.06434), of tables dense layers. The class is an input of the
    generator (Mirza and Osindero 2014, https://arxiv.org/abs/1411.1784) and a projection in the
    critic (Miyato and Koyama 2018, https://arxiv.org/abs/1802.05637). Rows are drawn by the mean of
    the generator's weights over its last steps (Yazıcı et al. 2019,
    https://arxiv.org/abs/1806.04498). There is no batch normalization.

    Attributes:
        code: How many numbers of noise a row is drawn from.
        filters: Of the generator's maps of pictures and series from the smallest, each twice as
            large; of the critic's in reverse.
        units: Of the generator's hidden layers for tables; of the critic's in reverse.
        num_batches: So many steps the generator takes.
        batch_rows: Rows of a batch.
        learning_rate: Of Adam for both nets, falling to a twentieth.
        penalty: The factor of the penalty on the critic's gradient.
        critic_steps: Steps of the critic for each step of the generator.
    """

    code: int = knob(32, 1, 1024)
    filters: tuple[int, ...] = knob((32, 16), 1, 1024)
    units: tuple[int, ...] = knob((128, 128), 1, 4096)
    num_batches: int = knob(3_000, 1, 10**6)
    batch_rows: int = knob(32, 2, 4096, unit="rows")
    learning_rate: float = knob(1e-3, 1e-6, 1)
    penalty: float = knob(1.0, 0, 1000)
    critic_steps: int = knob(1, 1, 100)

    def check(self) -> None:
        """Raises RecipeError for nets without a layer."""
        if not self.filters or not self.units:
            raise RecipeError(
                f"balance.by={self!r}",
                expected="one or more filters, and units",
                fix=f"--set 'balance.by={type(self).__name__}()'",
            )

    def tiny(self) -> Self:
        return replace(
            self,
            filters=tuple(min(width, 8) for width in self.filters),
            units=tuple(min(width, 16) for width in self.units),
            num_batches=min(self.num_batches, 20),
            batch_rows=min(self.batch_rows, 16),
        )

    def learn(self, rows: ClassRows, *, seed: int) -> AdversarialNets:
        """Returns the nets that have learned from rows.

        Raises:
            BalanceError: What is drawn is not finite.
        """
        nets = AdversarialNets(self, rows, seed)
        learn_by_contest(nets, self, rows, seed)
        return nets

    @abstractmethod
    def critic_loss(self, real: Any, drawn: Any) -> Any:
        """Returns what the critic minimizes, a scalar tensor.

        Args:
            real: Its scores of training rows, float32 [rows, 1].
            drawn: Its scores of rows that were drawn.
        """

    @abstractmethod
    def generator_loss(self, drawn: Any) -> Any:
        """Returns what the generator minimizes, a scalar tensor, of scores float32 [rows, 1]."""

    @abstractmethod
    def penalize(self, norms: Any) -> Any:
        """Returns the penalty on the norms of the critic's gradients, a scalar tensor.

        Args:
            norms: Of its gradient at each row, float32 [rows].
        """

    @abstractmethod
    def penalized_rows(self, real: Any, drawn: Any, share: Any) -> Any:
        """Returns at which rows the gradient is penalized, float32 [rows, values].

        Args:
            real: Training rows, float32 [rows, values].
            drawn: Rows that were drawn.
            share: Of the drawn rows, drawn evenly from 0 to 1, float32 [rows, 1].
        """

    @abstractmethod
    def momenta(self) -> tuple[float, float]:
        """Returns the two decay rates of Adam."""


@dataclass(frozen=True)
class Gan(AdversarialGenerator):
    """A generative adversarial net with the loss that does not saturate (Goodfellow et al. 2014,
    https://arxiv.org/abs/1406.2661), as convolutions (Radford et al. 2016,
    https://arxiv.org/abs/1511.06434). The squared gradient of the critic at training rows is
    penalized (R1, Mescheder et al. 2018, https://arxiv.org/abs/1801.04406).
    """

    def critic_loss(self, real, drawn):
        import tensorflow as tf

        of_real = tf.reduce_mean(tf.nn.softplus(-real))
        return of_real + tf.reduce_mean(tf.nn.softplus(drawn))

    def generator_loss(self, drawn):
        import tensorflow as tf

        return tf.reduce_mean(tf.nn.softplus(-drawn))

    def penalize(self, norms):
        import tensorflow as tf

        return self.penalty / 2 * tf.reduce_mean(norms**2)

    def penalized_rows(self, real, drawn, share):
        return real

    def momenta(self):
        return 0.5, 0.999


@dataclass(frozen=True)
class WassersteinGan(AdversarialGenerator):
    """An adversarial net whose critic estimates the Wasserstein distance (Arjovsky et al. 2017,
    https://arxiv.org/abs/1701.07875) under a penalty that keeps the norm of its gradient near 1
    between training rows and drawn ones (Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028).
    """

    num_batches: int = knob(1_500, 1, 10**6)
    penalty: float = knob(10.0, 0, 1000)
    critic_steps: int = knob(3, 1, 100)

    def critic_loss(self, real, drawn):
        import tensorflow as tf

        return tf.reduce_mean(drawn) - tf.reduce_mean(real)

    def generator_loss(self, drawn):
        import tensorflow as tf

        return -tf.reduce_mean(drawn)

    def penalize(self, norms):
        import tensorflow as tf

        return self.penalty * tf.reduce_mean((norms - 1) ** 2)

    def penalized_rows(self, real, drawn, share):
        return real + share * (drawn - real)

    def momenta(self):
        return 0.0, 0.9
