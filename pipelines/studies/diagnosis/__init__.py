"""Whether a recipe fits its rows too closely or not closely enough, and what would change that."""
