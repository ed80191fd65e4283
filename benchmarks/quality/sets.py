"""The posts that are measured on, each set with its truth. No text of a public set leaves this module but into a system."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from training import public_sets
from training.examples import of_post
from training.posts import CORPUS, LabelledPost, read_posts
from training.prepare import is_held_out

Span = tuple[str, int, int]

NAME_SETS = {
    "WNUT17 dev": Path("wnut17", "emerging.dev.conll"),
    "BTC dev": Path("btc", "btc.dev"),
    "Tweebank dev": Path("tweebank_ner", "dev.bio"),
}
CLINICAL = ("PERSON", "LOCATION", "DATE", "AGE")

# pii_nano writes one kind in several ways. What identifies nobody (TITLE, SYSTEM, EVENT, BANK, MISC) is left out.
_KINDS = {
    "person": "PERSON",
    "organization": "ORG ORGANIZATION",
    "e-mail": "EMAIL",
    "telephone": "PHONE",
    "social security": "SSN",
    "patient or insurance number": "PATIENT_ID PID MEDICAL_RECORD INSURANCE_ID INSURANCE_POLICY_NUM",
    "account, routing": "ACCOUNT ACCOUNT_NUM ACCOUNT_NUMBER BANK_ACCOUNT BANK_ACCOUNT_NUM ROUTING_NUMBER",
    "IBAN": "IBAN",
    "credit card": "CREDIT_CARD",
    "passport": "PASSPORT PASSPORT_NUM",
    "driver's licence": "DRIVER_LICENSE DRIVERS_LICENSE DRIVER_LICENSE_NUM LICENSE",
    "tax number": "TAX_ID TAXID",
    "numbers of other countries (Aadhaar, PAN, voter)": "AADHAR PAN VOTER_ID",
    "user, employee": "USERID USER_ID USERNAME EMPLOYEE_ID POLICE_ID_NUM",
    "password": "PASSWORD",
}
KIND_OF = {label: kind for kind, labels in _KINDS.items() for label in labels.split()}


@dataclass(frozen=True, slots=True)
class Text:
    """A text with the spans that are in it."""

    text: str = field(repr=False)
    spans: tuple[Span, ...] = ()
    is_clean: bool = False  # nothing in it identifies anybody, by its own label


def names(data: Path, file: Path) -> Iterator[Text]:
    """Sentences of a development part, words apart by a blank."""
    for words, tags in public_sets.sentences(data / file):
        text, spans = public_sets.joined(words, tags)
        yield Text(text, tuple(spans))


def identifiers(data: Path) -> Iterator[Text]:
    """pii_nano: every place where a value stands as whole words. Values that do not stand in their text are passed over."""
    for row in json.loads((data / "pii_nano" / "pii_syn_nano_en.json").read_text(encoding="utf-8")):
        spans = set()
        for entity in row["NER"]:
            kind, value = KIND_OF.get(entity["label"]), str(entity.get("entity", "")).strip()
            if kind and value:
                places = re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", row["text"])
                spans |= {(kind, match.start(), match.end()) for match in places}
        yield Text(row["text"], tuple(sorted(spans, key=lambda span: span[1:])), is_clean=not row["has_pii"])


def development(folder: Path) -> list[LabelledPost]:
    """The development posts on patients."""
    return list(read_posts(folder / "phi.jsonl"))


def of_rule(folder: Path, rule: str) -> list[LabelledPost]:
    """The development posts on another rule; none where there are none."""
    return list(read_posts(path)) if (path := folder / f"{rule}.jsonl").exists() else []


def held_out() -> list[LabelledPost]:
    """Composed posts on patients that training keeps apart (one pair in twelve); calibration has seen them."""
    return [post for post in read_posts(CORPUS / "phi") if is_held_out(of_post(post))]
