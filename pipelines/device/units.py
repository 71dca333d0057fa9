"""The units of a model's inputs and outputs, in words."""

UNIT_INTERVAL = "0..1"
STANDARD_DEVIATIONS = "standard deviations"
CATEGORY_ID = "category id"
# Of series [rows, steps]: what one step is measured in.
SERIES_STANDARD = "standard deviations, by step"
SERIES_INTERVAL = "0..1, by step"
PIXELS = "pixels 0..255"
TOKEN_ID = "token id"
PAIR_ID = "token pair id"
# Of an input that a search fills, character by character (see `spelling_search`).
SPELLED_ID = "id of a character that was spelled"
# Of inputs that only training has: another row's ids, and how much of the mixture is the row's own.
PARTNER_ID = "partner's id"
MIX_SHARE = "share of the mixture"
