"""Tables that people have: what is read of them, or why they are refused."""

from pipelines.tabular import LoadTable, load_table
from tests.odd_files import OddFile, file_of


def column_of(path):
    """The column x of a table with the target y, as a list."""
    dataset, _ = load_table(LoadTable(str(path), "y"))
    return dataset.x["x"].tolist()


ODD_FILES = (
    OddFile(
        "a byte order mark",
        file_of("t.csv", "\ufeffx,y\n" + "1,a\n2,b\n" * 5),
        column_of,
        [1.0, 2.0] * 5,
    ),
    OddFile(
        "no rows", file_of("t.csv", "x,y\n"), column_of, error="a table with 2 columns and no rows"
    ),
)
