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
_SCHEME = re.compile(r"(?i)\b(https?|ftp|javascript|data|mailto|xmpp):")
_WWW = re.compile(r"(?i)\bwww\.")
_PLAIN = re.compile(r"[^&<>`|]*[^&<>`|\s][^&<>`|]*")


def plain(text: str, *, most: int | None = MAX_CHARACTERS) -> str:
    """Returns the text as Markdown that shows it letter by letter, on one line.

    Args:
        text: From data.
        most: How many characters of it are shown, None for all.
    """
    letters = visible(_shortened(text, most))
    shown = "".join(map(_escaped, letters))
    shown = _escape_beginning(shown)
    # Bare addresses become links in GitHub's Markdown.
    shown = _SCHEME.sub(r"\1&#58;", shown)
    shown = _WWW.sub("www&#46;", shown)
    return shown.replace("@", "&#64;")


def _escaped(letter):
    if letter in _ENTITIES:
        return _ENTITIES[letter]
    if letter in _MARKS:
        return f"\\{letter}"
    return letter


def _escape_beginning(text):
    """Returns the text with a backslash before what begins a list or underlines a heading."""
    match = _BEGINNING.match(text)
    if not match:
        return text
    mark = match.group()
    if text[0].isdigit():
        # Of "1." the point makes it a list.
        mark = text[match.end()]
    return text.replace(mark, f"\\{mark}", 1)


def code(text: str) -> str:
    """Returns a name from data as Markdown code; as `plain` if code cannot show it."""
    shown = visible(_shortened(text, MAX_CHARACTERS))
    has_margin = shown != shown.strip()
    if has_margin or not _PLAIN.fullmatch(shown):
        return plain(text)
    return f"`{shown}`"


def prose(text: str) -> str:
    """Returns sentences in which only `code` between backticks is Markdown: what a recipe states
    about itself.
    """
    parts = text.split("`")
    has_odd_backtick = len(parts) % 2 == 0
    if has_odd_backtick:
        return plain(text, most=None)
    shown = []
    for place, part in enumerate(parts):
        is_code = place % 2 == 1
        if is_code:
            shown.append(code(part))
        else:
            shown.append(plain(part, most=None))
    return "".join(shown)


def _shortened(text, most):
    if most is None or len(text) <= most:
        return text
    return f"{text[:most]}… ({len(text):,} characters)"
