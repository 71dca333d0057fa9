"""The contract of every slot of a recipe: an abstract class a slot.

What a member must do is abstract. What it may do is a hook with a default, so that nobody asks
whether a method is there. Every member is a frozen dataclass (`spec.Spec`), which `check()`s its
own knobs, has a `tiny()` form, and answers whether it `suits()` the data.

    Loader         a source → Dataset
    Split          Dataset → places of training, validation and test rows
    Frame          steps in time → windows, after the split
    Step           TrainSet → fitted step; fitted step × columns → columns, same rows
    RowFilter      TrainSet → fewer training rows
    Balancer       TrainSet → BalancedSet
    Generator      rows of each class → what draws others
    Augmentation   a training batch → an altered one
    Teacher        TrainSet → soft labels
    Network        Signature → an untrained Keras model
    Loss           truth and outputs → what training minimizes
    Optimizer      gradients → new weights
    Clipping       gradients → gradients that are not too large
    Averaging      the weights of many steps → those that are kept
    Schedule       epochs → learning rate, and what ends training early
    Compression    a trained Keras model → a smaller one
    Target         what ships → the files of a runtime, and its rungs of the ladder
"""

from .data import (
    BY_SAMPLE,
    EXACT,
    Augmentation,
    Balancer,
    Frame,
    Generator,
    Loader,
    RowFilter,
    Split,
    Step,
    Teacher,
)
from .layers import Layers
from .shipping import Compression, Target
from .training import Averaging, Clipping, Loss, Network, Optimizer, Schedule

# In the order of a recipe.
CONTRACTS = (
    Loader,
    Split,
    Frame,
    Step,
    RowFilter,
    Balancer,
    Generator,
    Augmentation,
    Teacher,
    Network,
    Loss,
    Optimizer,
    Clipping,
    Averaging,
    Schedule,
    Compression,
    Target,
)

__all__ = (
    "BY_SAMPLE",
    "CONTRACTS",
    "EXACT",
    "Augmentation",
    "Averaging",
    "Balancer",
    "Clipping",
    "Compression",
    "Frame",
    "Generator",
    "Layers",
    "Loader",
    "Loss",
    "Network",
    "Optimizer",
    "RowFilter",
    "Schedule",
    "Split",
    "Step",
    "Target",
    "Teacher",
)
