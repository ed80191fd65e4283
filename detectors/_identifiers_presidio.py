"""Presidio's own pattern recognizers as shapes: their patterns, scores, context words and checks, for one country (US).

Left out: foreign recognizers, UrlRecognizer (0.35 s on 280 hostile characters) and the engine. Three repairs: e-mail domains
are checked with the suffix list that tldextract ships (its default asks the network), phone numbers with one region, and
Presidio's loggers are silenced, because two of its messages quote the matched text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Set

import phonenumbers
import regex
from presidio_analyzer import Pattern, PatternRecognizer, predefined_recognizers
from presidio_analyzer.predefined_recognizers import PhoneRecognizer
from tldextract import TLDExtract

from detectors._identifiers import Check, Matcher, Shape

RECOGNIZERS = (
    "AbaRoutingRecognizer",
    "CreditCardRecognizer",
    "CryptoRecognizer",
    "DateRecognizer",
    "EmailRecognizer",
    "IbanRecognizer",
    "IpRecognizer",
    "MacAddressRecognizer",
    "MedicalLicenseRecognizer",
    "UsBankRecognizer",
    "UsClaimNumberRecognizer",
    "UsHealthInsuranceMemberIdRecognizer",
    "UsItinRecognizer",
    "UsLicenseRecognizer",
    "UsMbiRecognizer",
    "UsNpiRecognizer",
    "UsPassportRecognizer",
    "UsPrescriptionNumberRecognizer",
    "UsPriorAuthorizationNumberRecognizer",
    "UsReferralNumberRecognizer",
    "UsSsnRecognizer",
)

PHONE_REGION = "US"  # also reads numbers of other countries that are written with '+'
_GAP = r"[^\d\n]{0,4}"
# ten figures as the US numbers them ([2-9]xx [2-9]xx xxxx), whatever stands between; or what begins with '+' or 011
_PHONE_GATE = (
    rf"[2-9]{_GAP}\d{_GAP}\d{_GAP}[2-9](?:{_GAP}\d){{6}}|\+{_GAP}(?:\d{_GAP}){{4}}\d|0{_GAP}1{_GAP}1{_GAP}(?:\d{_GAP}){{4}}\d"
)

_PHONE_TRIES = 8_000  # figures that turn out to be no telephone number: a quarter of a second for them

_SPANISH_CONTEXT = {
    "US_SSN": ("seguro social", "nss"),
    "CREDIT_CARD": ("tarjeta", "credito"),
    "US_BANK_NUMBER": ("cuenta", "banco"),
    "US_DRIVER_LICENSE": ("licencia", "conducir"),
    "US_PASSPORT": ("pasaporte",),
    "EMAIL_ADDRESS": ("correo",),
    "PHONE_NUMBER": ("telefono", "llama", "llamar", "celular", "numero", "movil"),
    "DATE_TIME": ("fecha", "nacimiento"),
    "US_HEALTH_INSURANCE_MEMBER_ID": ("poliza", "seguro", "afiliado"),
    "MEDICAL_LICENSE": ("licencia",),
}
_UNBOUNDED, _BOUNDED = "(?=[A-Z0-9-]*", "(?=[A-Z0-9-]{0,20}"  # lookaheads of the member id: quadratic on '1-1-1-…'
_GATES = {  # without its lookaheads the member id is any word of six letters: six signs, a figure among them
    "US_HEALTH_INSURANCE_MEMBER_ID": "|".join(rf"[A-Z0-9-]{{{n}}}\d[A-Z0-9-]{{{5 - n}}}" for n in range(6))
}
_ID_RUN = re.compile(r"[A-Za-z0-9-]{6,}")
_A_FIGURE, _A_LETTER = re.compile(r"\d"), re.compile(r"[A-Za-z]")
# Loose in Presidio, where a word nearby is asked for in any case: too many words fit them by themselves.
_TOO_LOOSE = {"US_HEALTH_INSURANCE_MEMBER_ID": ("policy",), "US_PASSPORT": ("us", "united", "states")}


def presidio_shapes() -> Iterator[Shape]:
    """One shape for each pattern of each recognizer, and one for phone numbers."""
    logging.getLogger("presidio-analyzer").setLevel(logging.CRITICAL + 1)
    for name in RECOGNIZERS:
        recognizer: PatternRecognizer = getattr(predefined_recognizers, name)()
        kind = recognizer.supported_entities[0]
        check = _email_check() if kind == "EMAIL_ADDRESS" else _check_of(recognizer)
        iban = kind == "IBAN_CODE"
        patterns: list[Pattern] = recognizer.patterns  # type: ignore[has-type]
        for pattern in patterns:
            bounded = pattern.regex.replace(_UNBOUNDED, _BOUNDED)
            yield Shape(
                type=kind,
                pattern=bounded,
                score=pattern.score,
                context=_context(kind, recognizer.context or ()),
                check=check,
                any_case=not iban,
                gate=_GATES.get(kind, ""),
                matcher=_within_runs(bounded) if kind in _GATES else None,
                decides=type(recognizer).validate_result is not PatternRecognizer.validate_result,
                groups=(3, 2, 1) if iban else (0,),
                trims=iban,
            )
    yield Shape(
        "PHONE_NUMBER",
        _PHONE_GATE,
        PhoneRecognizer.SCORE,
        context=_context("PHONE_NUMBER", PhoneRecognizer.CONTEXT),
        matcher=_phone_extents,
    )


def _context(kind: str, words: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    dropped = _TOO_LOOSE.get(kind, ())
    return tuple(word.strip().lower() for word in words if word not in dropped) + _SPANISH_CONTEXT.get(kind, ())


def _check_of(recognizer: PatternRecognizer) -> Check | None:
    """What the recognizer itself says of a match, None where it never says anything."""
    validates = type(recognizer).validate_result is not PatternRecognizer.validate_result
    refuses = type(recognizer).invalidate_result is not PatternRecognizer.invalidate_result
    if not validates and not refuses:
        return None

    def check(matched: str) -> bool | None:
        if refuses and recognizer.invalidate_result(matched):
            return False
        return recognizer.validate_result(matched) if validates else None

    return check


def _within_runs(pattern: str) -> Matcher:
    """The member id's pattern, tried only where a run of its signs has a letter and a figure: else it is slow on 'x-x-x-…'."""
    compiled = regex.compile(pattern, regex.IGNORECASE)

    def extents(text: str, _: Set[str]) -> Iterator[tuple[int, int]]:
        for run in _ID_RUN.finditer(text):
            if _A_FIGURE.search(run[0]) and _A_LETTER.search(run[0]):
                yield from (match.span() for match in compiled.finditer(text, run.start(), run.end()))

    return extents


def _email_check() -> Check:
    suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)
    return lambda matched: bool(suffixes(matched).fqdn)


def _phone_extents(text: str, _: Set[str]) -> Iterator[tuple[int, int]]:
    """Raises TimeoutError where so many figures are no telephone numbers that the rest of the text is not looked at."""
    matcher = phonenumbers.PhoneNumberMatcher(text, PHONE_REGION, leniency=1, max_tries=_PHONE_TRIES)
    for match in matcher:
        yield match.start, match.end
    if matcher._max_tries <= 0:
        raise TimeoutError
