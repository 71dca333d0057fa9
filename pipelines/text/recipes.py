"""Recipes for texts: remarks on bird strikes, and the one that any texts start from."""

from dataclasses import replace

from ..balance import WeightByClass
from ..recipe import Judge, Recipe
from ..rows.split import SplitGiven, SplitGrouped, SplitRandom
from ..sources.label_sets import target_title
from ..steps import TokenizeCharacters, TokenizeWords
from ..training.losses import UsualLoss
from ..training.schedules import Constant, Cosine
from ..training.training import Training
from .attention import AttentionDecoder
from .autoregressive import AutoregressiveDecoder
from .load import LoadTextFolder, LoadTexts
from .load_tfds import LoadTextTfds
from .networks import TextCnn
from .teacher import TfidfTeacher
from .token_table import TokenTable


def text_recipe(
    load: LoadTexts | LoadTextFolder | LoadTextTfds, *, name: str = "my_model"
) -> Recipe:
    """The recipe for unseen texts: the parts that the source gives, else
    groups kept whole, else a random split; word ids, convolutions over them, of each the largest.
    """
    if load.names_parts():
        how = SplitGiven()
    elif load.has_groups():
        how = SplitGrouped()
    else:
        how = SplitRandom()
    if isinstance(load, LoadTexts):
        about = f"Predicts {target_title(load.target)} from {load.text}."
        if load.target_kind == "characters":
            return _spelling_recipe(load, how, name=name, about=about)
    else:
        about = "Separates classes of texts."
    return Recipe(
        name=name,
        load=load,
        split=how,
        encode=(TokenizeWords(),),
        build=TextCnn(kernels=(1, 2, 3), token_dropout=0.4),
        training=Training(
            epochs=12,
            batch_size=64,
            loss=UsualLoss(label_smoothing=0.05),
            schedule=Constant(patience=3),
        ),
        about=about,
    )


def _spelling_recipe(load, how, *, name, about):
    """Returns the recipe for texts whose target is spelled: characters, attention, exact match."""
    return Recipe(
        name=name,
        load=load,
        split=how,
        encode=(TokenizeCharacters(window=0),),
        build=AttentionDecoder(dropout=0.0, embedding_dropout=0.0),
        training=Training(epochs=20, batch_size=64, schedule=Cosine()),
        judge=Judge(deciding="exact_match", beside=False),
        about=about,
    )


REMARKS = Recipe(
    name="remarks_cnn",
    about="Remarks on bird strikes: did the strike have an effect on the flight? One in seven. "
    "Net and vocabulary in 200 kB. `make text`.",
    load=LoadTexts(
        "data/birds.csv.gz",
        "remarks",
        "effect",
        target_kind="presence",
        distinct=True,
    ),
    split=SplitRandom(test=0.2, valid=0.1, seed=0),
    encode=(TokenizeWords(min_count=3),),
    teacher=TfidfTeacher(),
    build=TextCnn(kernels=(1, 2, 3), token_dropout=0.4),
    training=Training(epochs=12, batch_size=64, schedule=Constant(patience=3)),
    judge=Judge(deciding="average_precision"),
)

REMARKS5 = Recipe(
    name="remarks5_cnn",
    about="The same remarks: which of four effects, or none? The rarest is one in 120.",
    load=LoadTexts(
        "data/birds.csv.gz",
        "remarks",
        "effect",
        empty_class="None",
        distinct=True,
    ),
    split=SplitRandom(test=0.2, valid=0.1, seed=0),
    balance=WeightByClass(strength=0.5),
    encode=(TokenizeWords(min_count=3),),
    teacher=TfidfTeacher(share=0.6),
    build=TextCnn(width=128, kernels=(1, 2, 3, 4), token_dropout=0.4),
    training=Training(epochs=30, batch_size=64, schedule=Constant(patience=3)),
    # By log loss, because macro-F1 means little before the offsets of the classes are chosen.
    judge=Judge(deciding="log_loss"),
)

REMARKS_LINEAR = Recipe(
    name="remarks_linear",
    about="Remarks on bird strikes: did the strike have an effect on the flight? A weight for each "
    "word, solved for in seconds: a net of 20 kB.",
    load=REMARKS.load,
    split=REMARKS.split,
    encode=(TokenizeWords(min_count=2, window=0),),
    build=TokenTable(),
    judge=Judge(deciding="average_precision"),
)

DATES = Recipe(
    name="dates_attention",
    about="Dates written in thirteen ways → ISO dates, spelled character by character from an "
    "encoder and queries with attention; the days of the test rows were never learned "
    "(docs/sequence-to-sequence.md).",
    load=LoadTexts(
        "data/dates.csv.gz",
        "written",
        "iso",
        target_kind="characters",
        group=("iso",),
    ),
    split=SplitGrouped(test=0.2, valid=0.1, seed=0),
    encode=(TokenizeCharacters(window=28),),
    build=AttentionDecoder(width=48, queries=10, dropout=0.0, embedding_dropout=0.0),
    training=Training(epochs=12, batch_size=64, schedule=Cosine()),
    judge=Judge(deciding="exact_match", beside=False),
)

DATES_STEPWISE = replace(
    DATES,
    name="dates_stepwise",
    about="The same dates, spelled a character a call by a decoder that reads what it spelled "
    "before; a beam of four (docs/sequence-to-sequence.md).",
    build=AutoregressiveDecoder(width=48, dropout=0.0, embedding_dropout=0.0),
)
