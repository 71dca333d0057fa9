"""Words of remarks and the same backwards, as pairs of texts, and what nets make of them."""

import csv
import re
from dataclasses import replace
from pathlib import Path

import numpy as np

from ...recipe import Recipe
from ...rows.split import SplitRandom
from ...steps import TokenizeCharacters
from ...studies.interpret.attention import attention_by_character
from ...text import DATES, REMARKS, LoadTexts
from ...text.attention import LOGITS, SHARES
from ...verify.keras_interpreter import KerasInterpreter
from .exhibits import Exhibit
from .rows import NetRows, raw_splits

LONGEST = 10
WORD = re.compile(r"\b[a-z]{3,10}\b")


def mirrored_words(folder: str) -> Recipe:
    """Writes all words of three to ten letters that remarks hold, each with its mirror image.

    Args:
        folder: of the file.

    Returns:
        The recipe that spells the mirror image of a word.
    """
    [texts] = raw_splits(REMARKS).train.x.values()
    found = set()
    for text in texts:
        found.update(WORD.findall(str(text).lower()))
    pairs = [(word, word[::-1]) for word in sorted(found)]
    path = Path(folder) / "words.csv"
    with path.open(
        "w",
        newline="",
        encoding="utf-8",
    ) as file:
        csv.writer(file).writerows([("word", "backwards"), *pairs])
    load = LoadTexts(
        str(path),
        "word",
        "backwards",
        target_kind="characters",
    )
    return replace(
        DATES,
        load=load,
        split=SplitRandom(test=0.4, valid=0.02),
        encode=(TokenizeCharacters(window=LONGEST),),
    )


def is_right(rows: NetRows, model) -> np.ndarray:
    """Returns which test words are right in every letter, bool [rows]."""
    outputs = KerasInterpreter(model).run(rows.test.x)
    num_words, num_places = rows.test.y.shape
    by_place = outputs.reshape(
        num_words,
        num_places,
        -1,
    )
    return np.all(by_place.argmax(axis=2) == rows.test.y, axis=1)


def num_letters(rows: NetRows) -> np.ndarray:
    """Returns the letters of each test word, int64 [rows]."""
    none = len(rows.signature.target.characters)
    return np.sum(rows.test.y != none, axis=1)


def letters_read(rows: NetRows, model) -> np.ndarray:
    """Returns how much of each letter is read for each letter that is written, of a model with
    attention: float64 [rows, written letters, read letters].
    """
    import keras

    reading = keras.Model(
        model.inputs,
        model.get_layer(SHARES).output,
    )
    shares = reading.predict(rows.test.x, verbose=0)
    kernel, *_ = model.get_layer(LOGITS).get_weights()
    return attention_by_character(
        shares,
        kernel,
        LONGEST,
    )


def share_mirrored(rows: NetRows, read: np.ndarray) -> float:
    """Returns how often the letter read most is the one that is to be written.

    Args:
        rows: of `mirrored_words`.
        read: what `letters_read` returns.
    """
    places = read.argmax(axis=2)
    wanted = np.arange(LONGEST)[::-1]
    is_letter = np.arange(LONGEST) < num_letters(rows)[:, None]
    return float(np.mean((places == wanted)[is_letter]))


def with_map(exhibit: Exhibit, rows: NetRows, read: np.ndarray) -> Exhibit:
    """Returns an exhibit in whose picture a map stands too, of what is read for one word.

    Args:
        exhibit: of curves that leave the upper right corner free.
        rows: of `mirrored_words`.
        read: what `letters_read` returns.
    """
    length = LONGEST - 2
    place = int(np.flatnonzero(num_letters(rows) == length)[0])
    letters = rows.signature.target.characters
    written = "".join(letters[code] for code in rows.test.y[place, :length])
    shown = read[place, :length, -length:]

    def draw(axes):
        exhibit.picture.draw(axes)
        axes.set_ylim(0, 1.02)
        small = axes.inset_axes((0.66, 0.56, 0.33, 0.42))
        small.imshow(
            shown,
            cmap="Blues",
            aspect="auto",
        )
        small.set_xticks(
            range(length),
            list(written[::-1]),
            fontsize=7,
        )
        small.set_yticks(
            range(length),
            list(written),
            fontsize=7,
        )
        small.tick_params(length=0)
        small.set_xlabel(
            "read",
            fontsize=7,
            labelpad=1,
        )
        small.set_ylabel(
            "written",
            fontsize=7,
            labelpad=1,
        )

    picture = replace(exhibit.picture, draw=draw)
    return replace(exhibit, picture=picture)
