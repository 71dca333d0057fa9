"""What the words of a source mean before they are columns: dates, words for missing, spellings of
one class.
"""
