"""`check`: the checksums of a bundle."""

from dataclasses import dataclass

from .options import Bundle


@dataclass(frozen=True, kw_only=True)
class CheckOptions:
    """Options of `check`."""

    bundle: Bundle


def check_bundle(options: CheckOptions) -> None:
    """Compare every file of a bundle with its checksum."""
    from ..device.checksums import print_check

    print_check(options.bundle)
