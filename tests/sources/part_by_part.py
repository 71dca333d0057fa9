"""The raw cells of a table that is read part by part."""

from pipelines.sources.part_cells import batch_cells
from pipelines.sources.parts import TableParts


def cells_of_parts(table: TableParts) -> dict[str, list]:
    """Returns the cells of all parts by column, as a list."""
    cells = {name: [] for name in table.names}
    for place in range(len(table.parts)):
        for batch in table.batches(place, table.names):
            for name, column in batch_cells(table, place, batch).items():
                cells[name] += list(column)
    return cells
