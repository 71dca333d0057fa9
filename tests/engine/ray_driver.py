"""A driver of one task on a cluster, which writes the result to standard output."""

import sys
from pathlib import Path

from tests.engine.test_local import adding, run_all


def main(address, folder):
    [files] = run_all([adding(folder)], folder / "far", address)
    sys.stdout.buffer.write(files["sum"])


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
