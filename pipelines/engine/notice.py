"""A line on standard error about what the cache did."""


def print_notice(words: str) -> None:
    """Prints a line, whatever is in it, in grey."""
    from rich.console import Console
    from rich.text import Text

    Console(stderr=True, highlight=False).print(Text(words, style="dim"))
