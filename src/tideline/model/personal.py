"""What looks personal: names of fields and forms of texts that a person has to look at before anybody serves them.

It finds suspects, never proof: whoever asks proposes protection and a question, and never leaves protection out.
"""

from __future__ import annotations

import itertools
import re

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^A-Za-z0-9]+")
_TELLING = {
    "email": "an e-mail address", "mail": "an e-mail address", "phone": "a phone number",
    "telephone": "a phone number", "tel": "a phone number", "mobile": "a phone number", "fax": "a phone number",
    "surname": "a name", "firstname": "a name", "lastname": "a name", "fullname": "a name", "forename": "a name",
    "username": "a name", "birthday": "a birth date", "birthdate": "a birth date", "birth": "a birth date",
    "dob": "a birth date", "address": "an address", "street": "an address", "postcode": "an address",
    "iban": "a bank account", "ssn": "an identity number", "passport": "an identity number",
}  # fmt: skip
_OF_A_PERSON = {
    "first", "last", "full", "given", "family", "middle", "maiden", "customer", "client", "user", "person", "contact",
    "holder", "employee", "patient", "guest", "recipient", "sender", "buyer", "cardholder", "nick", "display",
}  # fmt: skip
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[A-Za-z]{2,24}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?")
_PHONE = re.compile(r"(\+|00)[1-9][0-9 ()./-]{6,18}|\(?0[0-9]{1,4}\)?[ /-][0-9 /-]{5,14}")


def by_name(name: str) -> str | None:
    """What a field of this name may hold, such as `an e-mail address`; None when the name raises no question."""
    words = [word.lower() for word in _WORD.split(_CAMEL.sub("_", name)) if word]
    joined = set(words) | {first + second for first, second in itertools.pairwise(words)}
    for word, what in _TELLING.items():
        if word in joined:
            return what
    if "name" in words:
        before = words[words.index("name") - 1] if words.index("name") else ""
        return "a name" if not before or before in _OF_A_PERSON else None
    return None


def by_text(text: str) -> str | None:
    """What a value of this form may be; None when its form raises no question."""
    if len(text) > 280:
        return None
    if "@" in text and _EMAIL.fullmatch(text):
        return "an e-mail address"
    if _IBAN.fullmatch(text) and _checks(text):
        return "a bank account"
    return "a phone number" if _PHONE.fullmatch(text) else None


def _checks(iban: str) -> bool:
    """Whether the two check digits of a bank account fit (ISO 7064, modulo 97)."""
    plain = iban.replace(" ", "")
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1
