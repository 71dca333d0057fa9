"""Code that a type checker must refuse."""
