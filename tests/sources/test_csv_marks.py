"""Text in which quotes are characters as any other, and columns without a name."""

import pytest

from pipelines.cli.reading import reading_of
from pipelines.device.csv_header import read_table as read_for_device
from pipelines.errors import LoadError
from pipelines.sources.table import Reading, read_table
from pipelines.sources.table_names import names_in_table
from pipelines.tabular import LoadTable
from pipelines.text import LoadTexts

MESSAGES = ['"Hello" he wrote', 'it is 5" wide', '"who', 'are you?"'] * 10
LABELS = ["ham", "spam"] * 20


@pytest.fixture
def messages(tmp_path):
    path = tmp_path / "sms.tsv"
    rows = [f"{label}\t{text}" for label, text in zip(LABELS, MESSAGES, strict=True)]
    path.write_text("label\tmessage\n" + "\n".join(rows) + "\n")
    return str(path)


def test_quotes_that_mean_nothing_are_kept(messages):
    reading = reading_of(["quotes=none"])
    assert names_in_table(messages, reading) == ["label", "message"]
    for packed in (True, False):
        assert list(read_table(messages, reading, packed=packed)["message"]) == MESSAGES
    dataset, _ = LoadTexts(messages, "message", "label", reading=reading).read()
    assert list(dataset.x["message"]) == MESSAGES


def test_the_error_of_a_quote_names_the_way_out(messages):
    with pytest.raises(LoadError, match="quotes=none"):
        read_table(messages)
    with pytest.raises(LoadError, match="expected: none"):
        read_table(messages, Reading(quotes="double"))


def test_one_file_is_held_as_a_whole_and_parts_are_refused(tmp_path):
    for name in ("a.csv", "b.csv"):
        rows = [f'{n}" wide,{"ab"[n % 2]}' for n in range(20)]
        (tmp_path / name).write_text("size,y\n" + "\n".join(rows) + "\n")
    reading = Reading(quotes="none")
    dataset, _ = LoadTable(str(tmp_path / "a.csv"), "y", reading=reading).read()
    assert dataset.x["size"][3] == '3" wide'
    with pytest.raises(LoadError, match="for a table in parts"):
        LoadTable(str(tmp_path), "y", reading=reading).read()


def test_columns_without_a_name_are_named_as_by_pandas(tmp_path):
    path = tmp_path / "spam.csv"
    path.write_text("v1,v2,,\n" + "".join(f"{n % 2},{n},,x\n" for n in range(30)))
    names = ["v1", "v2", "Unnamed: 2", "Unnamed: 3"]
    for packed in (True, False):
        assert list(read_table(str(path), packed=packed)) == names
    assert names_in_table(str(path), Reading()) == names
    with open(path) as file:
        header, _ = read_for_device(file, ",", ["v2"])
    assert header == names
