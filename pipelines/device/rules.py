"""What the runner does with unusual cells, in words: written into every signature.json."""

RULES = {
    "missing value": "filled by the fitted steps, as in training",
    "unknown category": "goes to the bucket of rare and unknown categories",
    "column missing from the row": "refused",
    "column the model does not know": "ignored",
    "text where a number, a date or a truth value belongs": "refused",
    "infinite number": "refused",
    "number outside the range seen in training": "cut to the nearest value that the int8 input "
    "can hold",
    "number that is outside that range by more than it is wide": "answered, with a note",
    "every cell missing, no known token, a picture of one colour": "answered, with a note",
    "picture of another size": (
        "stretched to the model's size, antialiased bilinear, as in training"
    ),
    "transparent picture": "laid over white",
    "16-bit picture": "white, as the column has it, becomes 255, and what is above is refused; "
    "without one white is 65,535, and a picture that stays below 16,384 is refused",
    "animation": "its first frame",
    "series shorter than the window": "missing steps before its first",
    "series longer than the window": "its last steps, as many as the window has",
    "state of the streaming form": "zeros (int8: the zero point) at first and after a reset, "
    "then what came out",
    "step left out of a stream": "a missing one; a window of them or more resets the state",
    "step of a stream that is not later than the one before": "refused",
    "missing or empty text": "no token: padding alone",
    "text longer than the window": "its first tokens, as many as the window has",
    "text of more than 1,000,000 characters": "refused",
    "number that is no id of the model": "refused",
    "null character, half of a surrogate pair in a text": "read as a space, as U+FFFD",
    "24:00 in a date": "00:00 of the next day",
    "first line of a CSV file such as sep=;": "names the separator, and is no header",
}
