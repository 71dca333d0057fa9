"""Text from data in Markdown: read as the text that it is, never as a heading, a link, a table or
HTML.

Nothing that is written here holds a raw `<`, `>` or `&`: a viewer that passes HTML through has none
to pass.
"""

import re

from ..device.visible import visible

MAX_CHARACTERS = 200
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# What Markdown or one of its usual extensions reads as more than a character, wherever it stands in
# a line.
_MARKS = frozenset("\\`*_[]#|~$")
# What begins a list or underlines a heading, at the beginning of a line.
_BEGINNING = re.compile(r"[-+=]|\d{1,9}(?=[.)](\s|$))")
_PLAIN = re.compile(r"[^&<>`|]*[^&<>`|\s][^&<>`|]*")


def plain(text: str, *, most: int | None = MAX_CHARACTERS) -> str:
    """The text as Markdown that shows it letter by letter, on one line; its first `most`
    characters, if not None.
    """
    shown = "".join(
        _ENTITIES.get(letter, f"\\{letter}" if letter in _MARKS else letter)
        for letter in visible(_shortened(text, most))
    )
    beginning = _BEGINNING.match(shown)
    if beginning:
        if not shown[0].isdigit():
            mark = beginning.group()
        else:
            mark = shown[beginning.end()]
        shown = shown.replace(mark, f"\\{mark}", 1)
    # Bare addresses become links in GitHub's Markdown.
    shown = re.sub(r"(?i)\b(https?|ftp|javascript|data|mailto|xmpp):", r"\1&#58;", shown)
    return re.sub(r"(?i)\bwww\.", "www&#46;", shown).replace("@", "&#64;")


def code(text: str) -> str:
    """A name from data as Markdown code; as `plain` where code could not show it."""
    shown = visible(_shortened(text, MAX_CHARACTERS))
    if _PLAIN.fullmatch(shown) and shown == shown.strip():
        return f"`{shown}`"
    return plain(text)


def prose(text: str) -> str:
    """Sentences in which only `code` between backticks is Markdown: what a recipe states about
    itself.
    """
    parts = text.split("`")
    if len(parts) % 2 == 0:  # a backtick without a partner
        return plain(text, most=None)
    return "".join(
        code(part) if place % 2 else plain(part, most=None) for place, part in enumerate(parts)
    )


def _shortened(text, most):
    if most is None or len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text):,} characters)"
