"""`report`: the scores of a bundle."""

from dataclasses import dataclass

from .options import Bundle


@dataclass(frozen=True, kw_only=True)
class ReportOptions:
    """Options of `report`."""

    bundle: Bundle


def print_report(options: ReportOptions) -> None:
    """Print a bundle's table again, and where its report lies."""
    from ..bundle.folder import Bundle, malformed
    from ..report.terminal import print_ladder, printable

    facts = Bundle(options.bundle).report
    with malformed(options.bundle / "report.json", "a report"):
        print_ladder(printable(facts), options.bundle)
