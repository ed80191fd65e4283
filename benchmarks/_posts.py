"""Invented posts to measure with: ordinary ones, dense ones, mutated ones. Everybody and every number in them is made up.

Ordinary posts have the density that the bars in docs/operate.md stand on: about 214 characters, half with a link, 12 % with one
identifier, 30 % with a handle, a quarter with 'Dr. Name', an eighth in Spanish.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterator

_OPENINGS = (
    "So proud of our cardiology team after a long week on the fourth floor, they never stop smiling at people.",
    "Night shift again, and coffee is the only thing that stands between me and the elevator doors.",
    "Join us for grand rounds in the auditorium and bring a colleague along, everybody is welcome to listen.",
    "New research from our lab shows how sleep changes the immune system of mice and maybe of people.",
    "If you have a question about your insulin, your care team is here to help you and your family.",
    "Nobody tells you in school how much of this job is finding a working pen and a quiet chair.",
    "The new garden on the roof is open to everybody who wants some air between two appointments.",
    "La clínica móvil estará en el barrio con vacunas gratis para todos, los esperamos con mucho cariño.",
)
_MIDDLES = (
    "Thank you for everything that you do for this community, it does not go unseen by any of us.",
    "What a day 😅 and it is not over yet, send snacks and good thoughts.",
    "Free screenings, short lines, and people who listen to you.",
    "Our colleagues deserve safe staffing and a real break.",
    "#NursesWeek #medtwitter are full of good stories, read them with a cup of tea.",
)
_SURNAMES = ("Whitaker", "Okafor", "Haddad", "Nandakumar", "Beltre", "Osgood", "Lindqvist", "Abara")
_LETTERS = string.ascii_lowercase


def _digits(rng: random.Random, count: int) -> str:
    return "".join(rng.choices(string.digits, k=count))


def _telephone(rng: random.Random) -> str:
    return f"{rng.choice(('212', '718', '917', '347'))}-555-01{rng.randint(0, 99):02}"


def _ssn(rng: random.Random) -> str:
    return f"{rng.randint(101, 665)}-{rng.randint(11, 99)}-{rng.randint(1000, 9999)}"


def _date(rng: random.Random) -> str:
    return f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/{rng.randint(1920, 2010)}"


IDENTIFIERS: tuple[Callable[[random.Random], str], ...] = (
    lambda rng: f"SSN {_ssn(rng)}",
    lambda rng: f"call {_telephone(rng)}",
    lambda rng: f"{rng.choice(_SURNAMES).lower()}{_digits(rng, 3)}@example.org",
    lambda rng: f"DOB {_date(rng)}",
    lambda rng: "card 4111 1111 1111 1111",
    lambda rng: f"from 10.{rng.randint(0, 255)}.{rng.randint(0, 255)}.{rng.randint(1, 254)}",
    lambda rng: f"MRN {_digits(rng, 8)}",
    lambda rng: f"bank account {_digits(rng, 10)}",
)
DENSE: tuple[Callable[[random.Random], str], ...] = (
    *IDENTIFIERS,
    lambda rng: f"claim number: {_digits(rng, 9)}",
    lambda rng: f"Rx# {_digits(rng, 8)}",
    lambda rng: f"passport {_digits(rng, 9)}",
    lambda rng: f"driver license {rng.choice(string.ascii_uppercase)}{_digits(rng, 7)}",
    lambda rng: f"NPI {rng.randint(1, 2)}{_digits(rng, 3)}-{_digits(rng, 3)}-{_digits(rng, 3)}",
    lambda rng: "Medicare 1EG4-TE5-MK73",
    lambda rng: "IBAN DE89 3704 0044 0532 0130 00",
    lambda rng: f"member ID XJ{_digits(rng, 8)}",
    lambda rng: f"born on {_date(rng)}",
    lambda rng: f"reach ({rng.randint(201, 989)}) {rng.randint(200, 999)}-{_digits(rng, 4)}",
)


def ordinary(count: int, seed: int = 11) -> Iterator[str]:
    """As accounts write, one by one."""
    rng = random.Random(seed)
    for _ in range(count):
        parts = [rng.choice(_OPENINGS), rng.choice(_MIDDLES)]
        if rng.random() < 0.25:
            parts.append(f"Dr. {rng.choice(_SURNAMES)} said so.")
        if rng.random() < 0.3:
            parts.append("@" + "".join(rng.choices(_LETTERS, k=8)))
        if rng.random() < 0.12:
            parts.insert(rng.randrange(len(parts)), rng.choice(IDENTIFIERS)(rng))
        if rng.random() < 0.5:
            parts.append("https://example.org/" + "".join(rng.choices(_LETTERS, k=10)))
        yield " ".join(parts)


def dense(count: int, seed: int = 12) -> Iterator[str]:
    """Sentences as in records: nearly every one has a name and one to three identifiers."""
    rng = random.Random(seed)
    for _ in range(count):
        name = f"{rng.choice(('Maria', 'James', 'Aisha', 'Tomás'))} {rng.choice(_SURNAMES)}"
        held = ", ".join(rng.choice(DENSE)(rng) for _ in range(rng.randint(1, 3)))
        yield rng.choice(
            (f"{name} can be found under {held}.", f"Please update {held} for {name}, thanks.", f"{held} ({name})")
        )


_MUTATIONS: tuple[Callable[[str, random.Random], str], ...] = (
    lambda text, rng: text.translate({ord(str(n)): chr(rng.choice((0x660, 0x966, 0xFF10)) + n) for n in range(10)}),
    lambda text, rng: text.replace("-", rng.choice("‐‑–—−")),
    lambda text, rng: text.replace(" ", rng.choice(("\u00a0", "\u2009", "  ", "\t"))),
    lambda text, rng: text.replace("i", "ı").replace("I", "İ"),
    lambda text, rng: text.upper(),
    lambda text, rng: text.lower(),
    lambda text, rng: _inserted(text, rng, rng.choice(("\x00", "\u202e", "\u200f", "\ufeff", "\x0b"))),
    lambda text, rng: text[: rng.randrange(1, len(text))],
    lambda text, rng: text[rng.randrange(len(text)) :],
    lambda text, rng: text + rng.choice(("!!!", "\n", "😂", ")")) + text[::-1][:20],
)


def _inserted(text: str, rng: random.Random, odd: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + odd + text[at:]


def mutated(count: int, seed: int = 13) -> Iterator[str]:
    """Dense and ordinary posts with one or two things done to them that text goes through on its way."""
    rng = random.Random(seed)
    for plain, full in zip(ordinary(count, seed), dense(count, seed), strict=True):
        text = full if rng.random() < 0.7 else plain
        for _ in range(rng.randint(1, 2)):
            text = rng.choice(_MUTATIONS)(text, rng) or text
        yield text
