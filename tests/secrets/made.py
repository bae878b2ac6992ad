"""Makes up secrets: the text of a recipe (``ghp_{a36}``), so that none stands in the repository as a whole."""

from __future__ import annotations

import random
import re
import string

_LETTERS = string.ascii_letters + string.digits
#: By the letter in a recipe: letters and digits, capitals and digits, small letters and digits, hexadecimal, digits,
#: those of a word, base64, base32, bech32, letters alone.
ALPHABETS = {
    "a": _LETTERS,
    "u": string.ascii_uppercase + string.digits,
    "l": string.ascii_lowercase + string.digits,
    "h": "0123456789abcdef",
    "d": string.digits,
    "w": _LETTERS + "_-",
    "b": _LETTERS + "+/",
    "v": string.ascii_uppercase + "234567",
    "c": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
    "p": string.ascii_letters,
}
_HOLE = re.compile(r"\{([a-z])(\d+)\}")


def made(recipe: str, number: int = 0) -> str:
    """The text of a recipe: the same for the same number, another for each."""
    chance = random.Random(f"{recipe} {number}")
    return _HOLE.sub(lambda hole: _letters(chance, ALPHABETS[hole[1]], int(hole[2])), recipe)


def _letters(chance: random.Random, alphabet: str, count: int) -> str:
    """Letters of an alphabet; a mark is neither the first nor the last."""
    plain = [letter for letter in alphabet if letter.isalnum()]
    marks = [chance.choice(plain if place in (0, count - 1) else alphabet) for place in range(count)]
    return "".join(marks)
