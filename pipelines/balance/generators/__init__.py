"""Generators: what learns from rows of each class and draws others."""
