"""Where a model runs: a runtime's spec, the files it needs and what runs them, a folder each."""
