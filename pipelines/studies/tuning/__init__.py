"""What a study of knobs is made of: the space, the trials, who asks for the next, what is kept."""
