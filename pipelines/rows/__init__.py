"""Who may learn from which rows: data sets, their parts, and the ways to split them."""
