"""Signatures of earlier formats, read as what they meant."""

from .errors import DeviceError

FORMAT_VERSION = 2
# Fields that later formats added: the part that has them, and each with the value that a bundle
# from before meant. A part is the signature itself, one of its columns, or its frame.
ADDED_TO_SIGNATURE: dict[str, object] = {"ranges": {}}
ADDED_TO_COLUMNS: dict[str, object] = {
    "white": 65_535,  # as every 16-bit picture was read then
    "thousands": "",
    "unit": "",
    "marks": "",
}
ADDED_TO_FRAME: dict[str, object] = {
    # Steps of equal seconds since 1970, each with the stamps that fall into it.
    "calendar": {
        "unit": "second",
        "phase_seconds": 0,
        "early_seconds": 0,
        "weekdays": [],
        "months": 0,
        "first_month": 0,
        "day": 0,
    }
}

# Fields of a target, and of a signature, that were added within format 2. They are written only
# where they are not the default, so that other bundles stay what they were, and readers of before
# take them.
LATER_IN_TARGET: dict[str, object] = {
    "separator": "",
    "embedding": 0,
    "characters": "",
    "positions": 0,
    "beam": 0,
}
LATER_IN_SIGNATURE: dict[str, object] = {
    "sets": {},
    "adaptive": {},
    "margins": {},
    "answer_rules": [],
}


def without_later_defaults(values: dict) -> dict:
    """Returns the values of a signature without those that were added later and are the default."""
    target = _without_defaults(values["target"], LATER_IN_TARGET)
    others = _without_defaults(values, LATER_IN_SIGNATURE)
    return {**others, "target": target}


def _without_defaults(values, later):
    kept = {}
    for name, value in values.items():
        is_default = name in later and value == later[name]
        if not is_default:
            kept[name] = value
    return kept


def _with_later(values):
    """Returns the values with the defaults of what was added later."""
    target = values.get("target")
    if not isinstance(target, dict):
        return values
    return {**LATER_IN_SIGNATURE, **values, "target": {**LATER_IN_TARGET, **target}}


def up_to_date(values: dict, rules: dict[str, str]) -> dict:
    """Returns the values of a signature of format 1 as those of today's format.

    Those of today's format stay as they are.

    Args:
        values: Of a signature.json.
        rules: Of today's runner.

    Raises:
        DeviceError: For another format.
        ValueError: For fields or rules that format 1 never had.
    """
    values = _with_later(values)
    version = values.get("format_version")
    if version == FORMAT_VERSION and type(version) is int:
        return values
    if version != 1 or type(version) is not int:
        raise DeviceError(
            f"a signature of format {version!r}",
            expected=f"format 1 to {FORMAT_VERSION}",
            fix="make the bundle again with this version",
        )
    if not values["rules"].items() <= rules.items():
        raise ValueError("its rules for invalid cells are not those of format 1")
    columns = [_with(column, ADDED_TO_COLUMNS) for column in values["columns"]]
    frame = values["frame"]
    if frame is not None:
        frame = _with(frame, ADDED_TO_FRAME)
    return {
        **_with(values, ADDED_TO_SIGNATURE),
        "format_version": FORMAT_VERSION,
        "rules": rules,
        "columns": columns,
        "frame": frame,
    }


def _with(part, added):
    """Returns a part of format 1 with the fields that later formats added."""
    unexpected = sorted(part.keys() & added.keys())
    if unexpected:
        raise ValueError(f"format 1 has no field {unexpected[0]!r}")
    return {**part, **added}
