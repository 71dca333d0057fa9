"""Hostile labels and column names on their way out: the card, pictures, errors and CSV of
answers.
"""

import csv
import io

from pipelines.device.safe_csv import answers_writer, safe_cell
from pipelines.report.figures import drawable
from pipelines.report.markdown import code, plain, prose
from pipelines.tabular import LoadTable, load_table
from tests.odd_files import OddFile, file_of

OTHER = "another"


def label_of(path):
    """The label of a table that is not OTHER, read as training reads it."""
    dataset, _ = load_table(LoadTable(str(path), "y"))
    return next(label for label in dataset.schema.target.labels if label != OTHER)


def table_of(label):
    """A table of two classes, OTHER and this label."""

    def write(folder):
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(["x", "y"])
        writer.writerows([[row, label if row % 2 else OTHER] for row in range(12)])
        return file_of("t.csv", sink.getvalue())(folder)

    return write


def after(change):
    """What becomes of the label."""
    return lambda path: change(label_of(path))


def written(safe):
    """The label as a line of CSV, and read back from it."""

    def read(path):
        sink = io.StringIO()
        answers_writer(sink, safe=safe).writerow(["1", label_of(path), "-0.5", "+1e5"])
        return next(csv.reader(io.StringIO(sink.getvalue())))

    return read


def odd(what, label, change, value):
    return OddFile(what, table_of(label), after(change), value)


FORMULA = "=cmd|' /C calc'!A0"
ESCAPE = "a\x1b[31mred\x07"
BIDI = "abc\u202egnp.exe"

ODD_FILES = (
    odd("a heading on the card", "# forged", plain, "\\# forged"),
    odd("a heading on the card, as a name", "# forged", code, "`# forged`"),
    odd(
        "a script on the card",
        "<script>alert(1)</script>",
        code,
        "&lt;script&gt;alert(1)&lt;/script&gt;",
    ),
    odd("an entity on the card", "&lt;b&gt;", plain, "&amp;lt;b&amp;gt;"),
    odd("a link on the card", "a](javascript:alert(1))", plain, "a\\](javascript&#58;alert(1))"),
    odd("a picture on the card", "![x](http://a.b/c.png)", plain, "!\\[x\\](http&#58;//a.b/c.png)"),
    odd("a bare address on the card", "see www.evil.example", plain, "see www&#46;evil.example"),
    odd("a mail address on the card", "me@evil.example", plain, "me&#64;evil.example"),
    odd("a cell of a table on the card", "a|b", code, "a\\|b"),
    odd("a backtick on the card", "a`b", code, "a\\`b"),
    odd("backticks alone on the card", "```", code, "\\`\\`\\`"),
    odd("a formula of mathematics on the card", "$\\frac{$", plain, "\\$\\\\frac{\\$"),
    odd("emphasis on the card", "**a** _b_ ~~c~~", plain, "\\*\\*a\\*\\* \\_b\\_ \\~\\~c\\~\\~"),
    odd("a line of its own on the card", "a\n# forged", plain, "a\\\\n\\# forged"),
    odd("the beginning of a list on the card", "- a", plain, "\\- a"),
    odd("the beginning of a numbered list on the card", "1. a", plain, "1\\. a"),
    odd("backticks in what a recipe is about", "run `a<b>` now", prose, "run a&lt;b&gt; now"),
    odd("a long name on the card", "x" * 1000, lambda label: len(code(label)), 222),
    odd("an escape sequence on the card", ESCAPE, code, "`a\\x1b[31mred\\x07`"),
    odd("text that runs backwards on the card", BIDI, code, "`abc\\u202egnp.exe`"),
    odd(
        "joined letters on the card",
        "\U0001f469\u200d\U0001f527",
        code,
        "`\U0001f469\u200d\U0001f527`",
    ),
    odd("a formula of mathematics in a picture", "$\\frac{$", drawable, "\\$\\frac{\\$"),
    odd("a name that a legend would hide", "_x", drawable, " _x"),
    odd("a letter without a glyph", "a\u65e5", drawable, "a\u25a1"),
    odd("an escape sequence in a picture", ESCAPE, drawable, "a\\x1b[31mred\\x07"),
    odd("a formula in a spreadsheet", FORMULA, safe_cell, f"'{FORMULA}"),
    odd("a formula that begins with a sign", "-2+3", safe_cell, "'-2+3"),
    odd("a formula that begins with at", "@SUM(1)", safe_cell, "'@SUM(1)"),
    odd("a negative number", "-2.5", safe_cell, "-2.5"),
    odd("an escape sequence in a terminal", ESCAPE, safe_cell, "a\\x1b[31mred\\x07"),
    odd("a line break in a terminal", "a\nb", safe_cell, "a\\nb"),
    odd("one byte control of a terminal", "a\x9b31mred", safe_cell, "a\\x9b31mred"),
    OddFile(
        "a safe line of CSV", table_of(FORMULA), written(True), ["1", f"'{FORMULA}", "-0.5", "+1e5"]
    ),
    OddFile(
        "a line of CSV as it is", table_of(FORMULA), written(False), ["1", FORMULA, "-0.5", "+1e5"]
    ),
    OddFile(
        "control characters that round-trip",
        table_of("a\x1bb\nc"),
        written(None),
        ["1", "a\x1bb\nc", "-0.5", "+1e5"],
    ),
    OddFile(
        "a lone column whose name steers a terminal",
        file_of("t.csv", "a\x1b]0;owned\x07b,z\n" + "1,a\n2,b\n" * 5),
        label_of,
        error="a\\x1b]0;owned\\x07b",
    ),
)
