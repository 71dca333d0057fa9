"""Pictures for the report of a forecast."""


class Drawn:
    """What every way to load series has in common: how they are drawn in the report."""

    def draw(self, recipe, splits, learned, judged) -> list[tuple[str, str]]:
        """(title, base64 PNG) of what only series have."""
        return []
