"""Files of a bundle, altered at random: bytes for any file, values for JSON."""

import json

import numpy as np

ODD_VALUES = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2,
    128,
    -129,
    2**31,
    2**63,
    10**400,
    0.0,
    -0.5,
    1e-45,
    1e38,
    1e308,
    "",
    "x",
    "output",
    "float32",
    "\0",
    "x" * 10_000,
    "%Y%Y",
    [],
    [0],
    [[]],
    {},
    {"a": 1},
    [1e30] * 5,
    ["a", "a"],
)


def mutate_bytes(content: bytes, random: np.random.Generator) -> bytes:
    """Bits flipped, bytes cut off, taken out, put in or swapped, or a word of four bytes
    replaced.
    """
    changed = bytearray(content)
    size = len(content)
    kind = random.integers(6)
    place = int(random.integers(size))
    length = int(random.integers(1, 65))
    if kind == 0:
        for bit in random.integers(size * 8, size=random.integers(1, 8)):
            changed[bit // 8] ^= 1 << (bit % 8)
    elif kind == 1:
        del changed[place:]
    elif kind == 2:
        del changed[place : place + length]
    elif kind == 3:
        changed[place:place] = random.bytes(length)
    elif kind == 4:
        one, other = sorted(random.integers(0, size - length, size=2))
        if one + length <= other:
            changed[one : one + length], changed[other : other + length] = (
                content[other : other + length],
                content[one : one + length],
            )
    else:
        word = int(random.choice([0, 1, 2**31 - 1, 2**31, 2**32 - 1, size]))
        changed[place // 4 * 4 : place // 4 * 4 + 4] = word.to_bytes(4, "little")
    return bytes(changed)


def mutate_json(content: bytes, random: np.random.Generator) -> bytes:
    """One to three values of a JSON file replaced by odd ones, changed a little, removed, doubled
    or swapped.
    """
    values = json.loads(content)
    for _ in range(random.integers(1, 4)):
        _mutate(values, random)
    return json.dumps(values).encode()


def _mutate(values, random):
    holder = values
    while True:  # down a random path
        if isinstance(holder, dict):
            keys = list(holder)
        else:
            keys = range(len(holder))
        if not len(keys):
            return
        key = keys[random.integers(len(keys))]
        if not isinstance(holder[key], (dict, list)) or random.random() < 0.2:
            break
        holder = holder[key]
    other = keys[random.integers(len(keys))]
    change = random.integers(6)
    if change == 0:
        holder[key] = ODD_VALUES[random.integers(len(ODD_VALUES))]
    elif change == 1:
        del holder[key]
    elif change == 2:
        holder[key], holder[other] = holder[other], holder[key]
    elif change == 3 and isinstance(holder, list):
        holder.insert(int(random.integers(len(holder) + 1)), holder[key])
    elif change == 3:
        holder[f"{key}{random.integers(3)}"] = holder[key]
    elif change == 4 and type(holder[key]) in (int, float):
        holder[key] = holder[key] * (-1, 0, 1, 2, 1000, 10**6)[random.integers(6)] + int(
            random.integers(-1, 2)
        )
    else:
        holder[key] = holder[other]
