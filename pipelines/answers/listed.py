"""Every answer that there is, in the order of the questions."""

from ..errors import RecipeError
from .activations import Activations
from .adversaries import Adversaries
from .attention import Attention
from .augmentation import AlteredCopies
from .autoencoders import Autoencoders
from .backpropagation import Backpropagation
from .batch_normalization import BatchNormalization
from .batch_size import BatchSize
from .bias_variance import BiasVariance
from .building_blocks import BuildingBlocks
from .classical_learning import ClassicalLearning
from .clipping import GradientClipping
from .cnn_parts import CnnParts
from .convolution import Convolution
from .cross_validation import CrossValidation
from .deployment import Deployment
from .dropout import Dropout
from .dropout_layers import DropoutLayers
from .early_stopping import EarlyStopping
from .ensembles import Ensembles
from .evaluation import Evaluation
from .frame import Answer
from .hyperparameters import Hyperparameters
from .imbalance import Imbalance
from .initialization import Initialization
from .large_data import LargeData
from .layers_and_neurons import LayersAndNeurons
from .learning_rate import LearningRate
from .less_computation import LessComputation
from .loss_functions import LossFunctions
from .missing_values import MissingValues
from .momentum import Momentum
from .neural_networks import NeuralNetworks
from .non_linearity import NonLinearity
from .optimizers import Optimizers
from .overfitting import Overfitting
from .penalties import Penalties
from .pooling import Pooling
from .precision_recall import PrecisionRecall
from .reading_outputs import ReadingOutputs
from .recent_advances import RecentAdvances
from .recurrent_nets import RecurrentNets
from .reducing_overfitting import ReducingOverfitting
from .remembering import Remembering
from .rnn_structure import RnnStructure
from .rnn_training import RnnTraining
from .roc_curve import RocCurve
from .softmax import Softmax
from .transfer import TransferLearning
from .tuning import Tuning
from .vanishing_gradients import VanishingGradients

ANSWERS: tuple[Answer, ...] = (
    ClassicalLearning(),
    NeuralNetworks(),
    BuildingBlocks(),
    Activations(),
    Backpropagation(),
    VanishingGradients(),
    Overfitting(),
    BiasVariance(),
    Convolution(),
    CnnParts(),
    Pooling(),
    Dropout(),
    BatchNormalization(),
    TransferLearning(),
    RecurrentNets(),
    RnnStructure(),
    RnnTraining(),
    Remembering(),
    Attention(),
    Autoencoders(),
    Adversaries(),
    LossFunctions(),
    Softmax(),
    BatchSize(),
    Hyperparameters(),
    LayersAndNeurons(),
    LearningRate(),
    Momentum(),
    Penalties(),
    Initialization(),
    AlteredCopies(),
    Deployment(),
    Evaluation(),
    PrecisionRecall(),
    CrossValidation(),
    RocCurve(),
    Imbalance(),
    ReducingOverfitting(),
    EarlyStopping(),
    ReadingOutputs(),
    DropoutLayers(),
    GradientClipping(),
    Optimizers(),
    LargeData(),
    LessComputation(),
    Tuning(),
    MissingValues(),
    Ensembles(),
    NonLinearity(),
    RecentAdvances(),
)


def answer_to(word: str) -> Answer:
    """Returns the answer to the question of a number.

    Args:
        word: the number, as it is typed.

    Raises:
        RecipeError: there is none.
    """
    numbers = [str(answer.number) for answer in ANSWERS]
    if word not in numbers:
        raise RecipeError(
            f"question {word!r}",
            expected=f"one that has an answer: {', '.join(numbers)}; or all",
            fix="python -m pipelines answer lists the questions",
        )
    return ANSWERS[numbers.index(word)]
