"""TensorFlow, imported when it is needed, without what it writes on any machine without a GPU."""

import os
import sys
import tempfile

# What TensorFlow's C++ writes at its start on any machine without a GPU, before a log level can
# reach it.
_CHATTER = ("All log messages before absl::InitializeLog()", "Could not find cuda drivers")


def load_tensorflow() -> None:
    """Imports TensorFlow without its two lines of chatter; other lines are passed on."""
    if "tensorflow" in sys.modules:
        return
    kept = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            import tensorflow

            tensorflow.config.list_physical_devices()
        finally:
            os.dup2(kept, 2)
            os.close(kept)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines(keepends=True):
                if not any(words in line for words in _CHATTER):
                    sys.stderr.write(line)
    # It counts traces by the line of code that a function stands in: a net after the other is no
    # retracing.
    tensorflow.get_logger().addFilter(
        lambda record: "triggered tf.function retracing" not in record.getMessage()
    )
