"""Writes dates.csv.gz and dates_other_format.csv.gz: days of a calendar, written in many ways.

Numbers with dots or strokes are day, month, year; a year of two digits from 50 on is of the
20th century. `python docs/make_dates.py` writes the same bytes each time.
"""

import csv
import gzip
import io
import random
from datetime import date, timedelta
from pathlib import Path

FIRST = date(1950, 1, 1)
LAST = date(2049, 12, 31)
FORMATS = (
    "3 Mar 2021",
    "03 March 2021",
    "March 3, 2021",
    "March 3rd, 2021",
    "Mar 3 2021",
    "03.03.21",
    "03.03.2021",
    "3/3/2021",
    "20210303",
    "Wednesday, 3 March 2021",
    "3-Mar-21",
    "2021/03/03",
    "the 3rd of March 2021",
)
OTHER_FORMAT = "2021 Mar 3"


def ordinal(day: int) -> str:
    """Returns 1st, 2nd, 3rd, 4th, ..."""
    if 11 <= day <= 13:
        return f"{day}th"
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{day}{endings.get(day % 10, 'th')}"


def written(day: date, how: str) -> str:
    """Returns a day in the format that 3 March 2021 shows."""
    short = f"{day:%b}"
    full = f"{day:%B}"
    return {
        "3 Mar 2021": f"{day.day} {short} {day.year}",
        "03 March 2021": f"{day.day:02} {full} {day.year}",
        "March 3, 2021": f"{full} {day.day}, {day.year}",
        "March 3rd, 2021": f"{full} {ordinal(day.day)}, {day.year}",
        "Mar 3 2021": f"{short} {day.day} {day.year}",
        "03.03.21": f"{day:%d.%m.%y}",
        "03.03.2021": f"{day:%d.%m.%Y}",
        "3/3/2021": f"{day.day}/{day.month}/{day.year}",
        "20210303": f"{day:%Y%m%d}",
        "Wednesday, 3 March 2021": f"{day:%A}, {day.day} {full} {day.year}",
        "3-Mar-21": f"{day.day}-{short}-{day:%y}",
        "2021/03/03": f"{day:%Y/%m/%d}",
        "the 3rd of March 2021": f"the {ordinal(day.day)} of {full} {day.year}",
        OTHER_FORMAT: f"{day.year} {short} {day.day}",
    }[how]


def write(name: str, rows: list[tuple[str, str, str]]) -> None:
    """Writes rows of (written, iso, format) as a compressed CSV file."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("written", "iso", "format"))
    lines.writerows(rows)
    content = gzip.compress(text.getvalue().encode(), mtime=0)
    Path("data", name).write_bytes(content)


def main() -> None:
    """Draws 4,000 days for the usual formats, two each, and 600 others for the one held out."""
    draws = random.Random(0)
    places = draws.sample(range((LAST - FIRST).days + 1), 4600)
    days = [FIRST + timedelta(place) for place in places]
    rows = []
    for day in days[:4000]:
        for how in draws.sample(FORMATS, 2):
            rows.append((written(day, how), day.isoformat(), how))
    others = [(written(day, OTHER_FORMAT), day.isoformat(), OTHER_FORMAT) for day in days[4000:]]
    write("dates.csv.gz", rows)
    write("dates_other_format.csv.gz", others)


if __name__ == "__main__":
    main()
