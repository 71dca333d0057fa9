"""What an answer is: the labels, the decision, the metrics and the scores of each task."""
