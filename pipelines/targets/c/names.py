"""What the columns of a row are called in C, and their types."""

import re

TYPES = {
    "numeric": "float",
    "categorical": "const char *",
    "boolean": "const char *",
    "date": "int64_t",
    "text": "const char *",
    "picture": "const uint8_t *",
    "series": "const float *",
}


def identifier(place, name):
    """A C name for a column: its place makes it unique, its letters make it readable."""
    return f"c{place}_{re.sub(r'[^A-Za-z0-9]+', '_', name)[:40].strip('_')}".rstrip("_")
