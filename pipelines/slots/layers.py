"""What networks of every modality share of their layers, as one spec of knobs."""

from dataclasses import dataclass

from ..errors import RecipeError
from ..spec import Spec, knob

ACTIVATIONS = (
    "relu",
    "relu6",
    "leaky_relu",
    "prelu",
    "elu",
    "selu",
    "gelu",
    "swish",
    "hard_swish",
    "mish",
    "tanh",
    "sigmoid",
)
# Their exponential is one of LiteRT alone in int8.
NEED_EXPONENTIAL = ("elu", "selu", "mish")
INITIALIZERS = (
    "HeNormal",
    "HeUniform",
    "GlorotNormal",
    "GlorotUniform",
    "LecunNormal",
    "LecunUniform",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
)
NORMALIZATIONS = ("batch", "layer", "group")
CONSTRAINTS = ("none", "max_norm", "unit_norm", "non_negative")
POOLINGS = ("", "max", "average")


@dataclass(frozen=True, repr=False)
class Layers(Spec):
    """Choices of layers that networks of all modalities share: `build.layers`.

    A choice that a network has no layer for is refused before training, never dropped.

    Activations: leaky ReLU (Maas et al. 2013,
    https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf), parametric ReLU (He et
    al. 2015, https://arxiv.org/abs/1502.01852), ELU (Clevert et al. 2016,
    https://arxiv.org/abs/1511.07289), SELU (Klambauer et al. 2017,
    https://arxiv.org/abs/1706.02515), GELU as x * sigmoid(1.702 x) (Hendrycks and Gimpel 2016,
    https://arxiv.org/abs/1606.08415: TFLite Micro has that form only), swish (Ramachandran et al.
    2017, https://arxiv.org/abs/1710.05941), hard swish (Howard et al. 2019,
    https://arxiv.org/abs/1905.02244), mish (Misra 2020, https://arxiv.org/abs/1908.08681). ELU,
    SELU and mish need an exponential, which LiteRT alone has in int8: other runtimes refuse them by
    name before training.

    Initializers: Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html; He et al.
    2015; LeCun et al. 1998, https://doi.org/10.1007/3-540-49430-8_2; orthogonal, Saxe et al. 2014,
    https://arxiv.org/abs/1312.6120; of one spread whatever the width is: RandomNormal,
    RandomUniform and TruncatedNormal.

    Attributes:
        activation: Of hidden layers, one of relu, relu6, leaky_relu, prelu, elu, selu, gelu, swish,
            hard_swish, mish, tanh and sigmoid; "": the network's own.
        initializer: Of kernels, by its Keras name; "": the network's own.
        normalization: What stands where the network normalizes: batch, layer (Ba et al. 2016,
            https://arxiv.org/abs/1607.06450) or group (Wu and He 2018,
            https://arxiv.org/abs/1803.08494; groups of eight channels where these divide them).
        l1: The factor of L1 on kernels (Tibshirani 1996,
            https://doi.org/10.1111/j.2517-6161.1996.tb02080.x); with l2 it is the elastic net (Zou
            and Hastie 2005, https://doi.org/10.1111/j.1467-9868.2005.00503.x).
        l2: The factor of L2 on kernels, added to the network's own.
        constraint: What kernels are put back to after each step: "max_norm" of the weights into a
            unit (Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html),
            "unit_norm", "non_negative", or "none".
        max_norm: The norm of "max_norm".
        noise: The standard deviation of the Gaussian noise that is added in training where the
            network drops values (Bishop 1995, https://doi.org/10.1162/neco.1995.7.1.108).
        spatial_dropout: The share of whole channels that is dropped after each activation of steps
            or pictures (Tompson et al. 2015, https://arxiv.org/abs/1411.4280).
        stochastic_depth: The share of rows for which a residual branch is left out (Huang et al.
            2016, https://arxiv.org/abs/1603.09382).
        pooling: Of maps between convolutions, "max" or "average"; "": the network's own.
        global_pooling: Of the last map, "max" or "average"; "": the network's own.
    """

    activation: str = ""
    initializer: str = ""
    normalization: str = NORMALIZATIONS[0]
    l1: float = knob(0.0, 0, 1)
    l2: float = knob(0.0, 0, 1)
    constraint: str = CONSTRAINTS[0]
    max_norm: float = knob(3.0, 0.01, 1000)
    noise: float = knob(0.0, 0, 10)
    spatial_dropout: float = knob(0.0, 0, 0.95)
    stochastic_depth: float = knob(0.0, 0, 0.95)
    pooling: str = POOLINGS[0]
    global_pooling: str = POOLINGS[0]

    def __repr__(self) -> str:
        """Returns the choices that are turned: every network is written with them."""
        turned = []
        for name, value in vars(self).items():
            if value != Layers.__dataclass_fields__[name].default:
                turned.append(f"{name}={value!r}")
        return f"Layers({', '.join(turned)})"

    def check(self) -> None:
        """Raises RecipeError for a word that names no choice."""
        known = {
            "activation": ("", *ACTIVATIONS),
            "initializer": ("", *INITIALIZERS),
            "normalization": NORMALIZATIONS,
            "constraint": CONSTRAINTS,
            "pooling": POOLINGS,
            "global_pooling": POOLINGS,
        }
        for name, words in known.items():
            chosen = vars(self)[name]
            if chosen in words:
                continue
            default = Layers.__dataclass_fields__[name].default
            raise RecipeError(
                f"build.layers.{name}={chosen!r}",
                expected=", ".join(filter(None, words)),
                fix=f"--set build.layers.{name}={default!r}",
            )
