"""Salesforce record ids: 15 case-sensitive characters, or 18 with a suffix that protects their case. Nothing else."""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
CHARACTERS = frozenset(ALPHABET)


def to18(id15: str) -> str:
    """The 18-character form: each suffix letter tells which of five characters are upper case."""
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << n for n, c in enumerate(id15[start : start + 5]) if "A" <= c <= "Z")
        suffix += SUFFIX[bits]
    return id15 + suffix


def make_id(prefix: str, serial: int) -> str:
    """An 18-character id of the object with key `prefix`; ids sort as text in the order of their serials."""
    digits = ""
    while serial:
        serial, rest = divmod(serial, 62)
        digits = ALPHABET[rest] + digits
    return to18(f"{prefix}5g0{digits.rjust(9, '0')}")


def normalise(text: object) -> str | None:
    """The 18-character form of an id given with 15 or 18 characters, or None when `text` cannot be an id.

    The suffix of an 18-character id restores letter case lost on the way; a 15-character id is taken as it stands.
    """
    if not isinstance(text, str) or len(text) not in (15, 18) or not CHARACTERS.issuperset(text):
        return None
    if len(text) == 15:
        return to18(text)
    body, restored = text[:15], ""
    for position, letter in enumerate(body):
        place = SUFFIX.find(text[15 + position // 5].upper())
        if place < 0:
            return None
        restored += letter.upper() if place >> (position % 5) & 1 else letter.lower()
    return to18(restored)
