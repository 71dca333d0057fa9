"""Fifty questions of deep learning, an experiment a file; `listed.ANSWERS` has them in order."""
