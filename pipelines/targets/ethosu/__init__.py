"""Arm's Ethos-U: the int8 file as Vela compiles it."""
