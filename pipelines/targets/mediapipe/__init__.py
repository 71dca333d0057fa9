"""MediaPipe Tasks: the int8 file with labels, words and a tokenizer inside."""
