"""The ladder: Keras → float32 → int8 → int8 on each runtime, on raw held-out rows."""
