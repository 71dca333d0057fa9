"""The layers of the package, bottom to top: a room imports from rooms before it in the list."""

from tests.house.imports import Import

LAYERS = (
    "device",
    "errors",
    "installed",
    "spec",
    "settings",
    "rows.columns",
    "rows.summaries",
    "rows.stream",
    "engine",
    "rows.parts",
    "rows.sketch",
    "slots",
    "report.figures",
    "tasks",
    "sources",
    "rows",
    "steps",
    "balance",
    "training",
    "convert.kernels",
    "convert.forms",
    "convert.quantize",
    "report",
    "compress",
    "convert",
    "verify",
    "targets",
    "recipe",
    "bundle",
    "tabular",
    "vision",
    "text",
    "timeseries",
    "peers",
    "ship",
    "run",
    "own_model",
    "catalog",
    "studies",
    "estimators",
    "answers",
    "cli",
    "__main__",
    "",  # pipelines/__init__.py: fetches names when they are asked for
)
# Files with a layer of their own.
_OWN_LAYERS = (
    "rows.columns",
    "rows.summaries",
    "rows.stream",
    "rows.parts",
    "rows.sketch",
    "report.figures",
    "convert.kernels",
    "convert.forms",
    "convert.quantize",
)


def room_of(module: str) -> str:
    """Returns the room of a module: `pipelines.steps.scale` is in `steps`."""
    inside = module.partition(".")[2]
    if inside in _OWN_LAYERS:
        return inside
    return inside.partition(".")[0]


def upward(found: list[Import]) -> list[str]:
    """Returns `importer -> imported` for each import from a higher room, once each."""
    rank = {room: place for place, room in enumerate(LAYERS)}
    wrong = set()
    for each in found:
        importer = room_of(each.importer)
        imported = room_of(each.imported)
        if importer != imported and rank[importer] < rank[imported]:
            wrong.add(f"{each.importer} -> {each.imported}")
    return sorted(wrong)
