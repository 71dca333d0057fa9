"""Reading a model: what its answers depend on, where it errs, and how far it may be trusted."""
