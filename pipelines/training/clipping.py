"""Clipping: gradients made smaller where they are too large, by Keras' own optimizers.

Under a tf.distribute strategy each replica would clip its own part before the sum, which is another
step (largest difference of a weight .03 to .04 after two epochs): `Training.suits` refuses it.
"""

from dataclasses import dataclass
from typing import Any

from ..slots import Clipping
from ..spec import knob


@dataclass(frozen=True)
class ClipByValue(Clipping):
    """Cuts each element of a gradient to at most a limit, which turns the step: Mikolov 2012,
    section 3.2.2, https://www.fit.vut.cz/study/phd-thesis/283/.

    Attributes:
        limit: Of the size of an element.
    """

    limit: float = knob(0.5, 1e-9, 1e9)

    def arguments(self) -> dict[str, Any]:
        """Returns clipvalue."""
        return {"clipvalue": self.limit}


@dataclass(frozen=True)
class ClipByNorm(Clipping):
    """Scales the gradient of each weight array down to at most a norm: each keeps its direction,
    their shares among each other change (Pascanu et al. 2013, https://arxiv.org/abs/1211.5063).

    Attributes:
        limit: Of the Euclidean norm of one array's gradient.
    """

    limit: float = knob(1.0, 1e-9, 1e9)

    def arguments(self) -> dict[str, Any]:
        """Returns clipnorm."""
        return {"clipnorm": self.limit}


@dataclass(frozen=True)
class ClipByGlobalNorm(Clipping):
    """Scales all gradients down together to at most a norm, so that the step keeps its direction:
    Pascanu et al. 2013, algorithm 1, https://arxiv.org/abs/1211.5063.

    Attributes:
        limit: Of the Euclidean norm of all gradients together.
    """

    limit: float = knob(1.0, 1e-9, 1e9)

    def arguments(self) -> dict[str, Any]:
        """Returns global_clipnorm."""
        return {"global_clipnorm": self.limit}
