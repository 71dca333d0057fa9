"""Options of earlier versions, and of other commands: refused with the command that is meant."""

import shlex
from collections.abc import Sequence

from ..errors import RecipeError

_SOURCES = {"--csv": "table", "--images": "images", "--text": "text", "--series": "series"}
_MARKS = {
    "--separator": "separator",
    "--encoding": "encoding",
    "--decimal": "decimal",
    "--thousands": "thousands",
    "--spelling": "spelling",
    "--missing": "missing",
    "--no-missing": "not_missing",
}
_READERS = ("run", "table", "images", "text", "series", "predict", "explain")


def refuse_old_form(arguments: Sequence[str]) -> None:
    """Raises RecipeError for a command line with an option that it once had; its fix is the whole
    command as it is today.

    Args:
        arguments: what stands after `python -m pipelines`.
    """
    if not arguments:
        return
    command, *words = _parted(arguments)
    if command == "run" and any(word in _SOURCES for word in words):
        new = _with_source(words)
    else:
        new = [command, *words]
    new = _renamed(new)
    if new == [command, *words]:
        return
    raise RecipeError(
        f"`{shlex.join(arguments)}` has options that this command does not have",
        expected="run NAME for a named recipe; table, images, text or series for your own data",
        fix=f"python -m pipelines {shlex.join(new)}",
    )


def _parted(arguments):
    """The words, with --option=value as two."""
    words = []
    for word in arguments:
        option, mark, value = word.partition("=")
        if mark and option in (*_SOURCES, *_MARKS, "--season", "--target", "--set"):
            words += [option, value]
        else:
            words.append(word)
    return words


def _with_source(words):
    """`run --csv FILE ...` as `table FILE ...`; a recipe named as well is left out."""
    place = next(place for place, word in enumerate(words) if word in _SOURCES)
    file = words[place + 1 : place + 2]
    others = words[:place] + words[place + 2 :]
    if others and not others[0].startswith("-"):
        others = others[1:]
    return [_SOURCES[words[place]], *file, *others]


def _renamed(words):
    """The words with the options of today."""
    command = words[0]
    new = [command]
    rest = iter(words[1:])
    for word in rest:
        if word in _MARKS and command in _READERS:
            new += ["--read", f"{_MARKS[word]}={next(rest, '')}"]
        elif word == "--season" and command == "series":
            new += ["--set", f"frame.season={next(rest, '')}"]
        elif word == "--target" and command == "export":
            new.append("--runs-on")
        elif word == "--group" and command == "series":
            new.append("--id")
        else:
            new.append(word)
    return new
