"""`make bench`: pairs of ways to do the same, ours and another, measured in turns."""
