"""The folder on disk that a run leaves, and what is read back from it."""
