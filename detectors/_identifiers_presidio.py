"""Presidio's own pattern recognizers as shapes: their patterns, scores, context words and checks, for one country (US).

Left out: foreign recognizers, UrlRecognizer (0.35 s on 280 hostile characters) and the engine. Three repairs: e-mail domains
are checked with the suffix list that tldextract ships (its default asks the network), phone numbers with one region, and
Presidio's loggers are silenced, because two of its messages quote the matched text.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import phonenumbers
from presidio_analyzer import Pattern, PatternRecognizer, predefined_recognizers
from presidio_analyzer.predefined_recognizers import PhoneRecognizer
from tldextract import TLDExtract

from detectors._identifiers import Check, Shape

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
_PHONE_GATE = r"(?:\d[^\d\n]{0,4}){9}\d|\+[^\d\n]{0,4}(?:\d[^\d\n]{0,4}){4}\d"

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
_UNBOUNDED, _BOUNDED = "(?=[A-Z0-9-]*", "(?=[A-Z0-9-]{0,40}"  # lookaheads of the member id: quadratic on '1-1-1-…'
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
            yield Shape(
                type=kind,
                pattern=pattern.regex.replace(_UNBOUNDED, _BOUNDED),
                score=pattern.score,
                context=_context(kind, recognizer.context or ()),
                check=check,
                any_case=not iban,
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


def _email_check() -> Check:
    suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None)
    return lambda matched: bool(suffixes(matched).fqdn)


def _phone_extents(text: str) -> Iterator[tuple[int, int]]:
    """Raises TimeoutError where so many figures are no telephone numbers that the rest of the text is not looked at."""
    matcher = phonenumbers.PhoneNumberMatcher(text, PHONE_REGION, leniency=1, max_tries=_PHONE_TRIES)
    for match in matcher:
        yield match.start, match.end
    if matcher._max_tries <= 0:
        raise TimeoutError
