"""One of several processes that train one model together.

python -m pipelines.studies.group_worker FOLDER RANK   started by `launch`, with TF_CONFIG
"""

import sys
from pathlib import Path

from ..engine.group import report_failure
from ..engine.resume import EpochFile, Epochs, TrainingState, storing_epochs
from ..engine.workspace import write_whole
from ..errors import PipelineError
from ..training.group_request import ANSWER, EPOCHS, read_request

MODULE = "pipelines.studies.group_worker"


class _ReadEpochs(Epochs):
    """Epochs that the first worker stores and the others take up."""

    def begin(self) -> EpochFile:
        """Returns the file of the next training, which is only read."""
        self.count += 1
        return _ReadEpochFile(self.folder / f"fit{self.count}", self.workspace)


class _ReadEpochFile(EpochFile):
    def write(self, state: TrainingState) -> None:
        """Leaves it to the first worker."""


def take_part(folder: Path, rank: int) -> None:
    """Trains what a folder asks for, together with the other workers; the first one answers.

    Args:
        folder: With the request.
        rank: Which worker this is.

    Raises:
        PipelineError: The training went wrong; it is written for who started the workers, too.
    """
    from ..sources.tensorflow import load_tensorflow
    from ..training.strategy import MULTIWORKER, make_strategy

    load_tensorflow()
    make_strategy(MULTIWORKER)  # before TensorFlow does anything else
    from .. import catalog
    from ..training.fit import trained_content

    kind = _ReadEpochs
    if rank == 0:
        kind = Epochs
    (folder / EPOCHS).mkdir(exist_ok=True)
    try:
        with storing_epochs(kind(folder / EPOCHS, folder)):
            content = trained_content(read_request(folder, catalog.SPECS))
    except PipelineError as error:
        report_failure(folder, error)
        raise
    if rank == 0:
        write_whole(folder / ANSWER, content)


if __name__ == "__main__":
    take_part(Path(sys.argv[1]), int(sys.argv[2]))
