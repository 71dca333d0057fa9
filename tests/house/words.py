"""The words of the style's table: which ones are still written, and where."""

import io
import re
import tokenize
from pathlib import Path

# What to write instead stands after each.
INSTEAD = {
    r"foretells?|foretold|foretelling": "forecast",
    r"said|told|says|tells": "reports, states",
    r"beside": "alongside, for comparison",
    r"odd(?! (?:number|kernel|size|length|width|row count))": "invalid, unexpected, anomalous",
    r"nobody (?:knows|labelled|knew)": "unknown, unlabelled",
    r"mend(?:s|ed|ing)?": "fix",
    r"brings?|brought|bringing": "provide",
    r"aside": "skipped",
    r"where it is not there": "if it is missing",
    r"met as often as they say": "calibrated probabilities",
}
# The name of a knob before its meaning, which may be a word of the table: judge.beside.
_FIELD = re.compile(r"^ {8}\w+: ", re.MULTILINE)
_TABLE = re.compile("|".join(rf"\b(?:{words})\b" for words in INSTEAD), re.IGNORECASE)


def found_in(text: str) -> list[str]:
    """Returns the words of the table that a text holds."""
    return [match[0] for match in _TABLE.finditer(" ".join(text.split()))]


def prose(path: Path) -> list[tuple[int, str]]:
    """Returns the texts of a file with their line: strings and comments of code, all of a page."""
    text = path.read_text()
    if path.suffix != ".py":
        return list(enumerate(text.splitlines(), 1))
    texts = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in (tokenize.STRING, tokenize.COMMENT):
            texts.append((token.start[0], _FIELD.sub("", token.string)))
        elif tokenize.tok_name[token.type] == "FSTRING_MIDDLE":  # Python 3.12 and later
            texts.append((token.start[0], token.string))
    return texts


def words(path: Path) -> list[str]:
    """Returns `line: word` for each word of the table in a file."""
    found = []
    for line, text in prose(path):
        found += [f"{line}: {word}" for word in found_in(text)]
    return found
