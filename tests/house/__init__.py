"""What tests/test_house.py counts: imports, sizes, words and the style of lines."""
