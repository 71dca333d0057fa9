"""A date of several years of which a model reads no year is named."""

from types import SimpleNamespace

import numpy as np

from pipelines.device.primitives import DatePart
from pipelines.report.unread import unread_years


def sentences(*parts, days=("1990-05-01", "1999-05-01", "NaT")):
    primitives = tuple(DatePart("d", f"d {part}", part) for part in parts)
    signature = SimpleNamespace(frame=None, primitives=primitives)
    return unread_years({"d": np.array(days, "datetime64[s]")}, signature)


def test_what_is_read_and_how_to_read_the_year():
    (sentence,) = sentences("day_of_month", "weekday")
    assert sentence.startswith("Of 'd' (1990 to 1999) the model reads day of month, weekday, not")
    assert "EncodeDate(parts=('day_of_month', 'weekday', 'year')) in `prepare`" in sentence


def test_nothing_where_the_year_is_read_or_states_nothing():
    assert sentences("month", "year") == []
    assert sentences("month", days=("1990-05-01", "1990-06-01")) == []
    assert sentences("month", days=("NaT",)) == []
    assert sentences() == []
