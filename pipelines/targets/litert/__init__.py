"""LiteRT on Linux, Android and Raspberry Pi: the device runner runs it."""
