"""How far each kind of detail goes towards one person.

A Weight is the chance, taken alone, that someone who knows the patient or reads the news would recognise them; weights of
several details combine as independent chances. They were set on tests/detectors/examples/phi.yaml.
"""

from __future__ import annotations

from typing import NamedTuple


class Weight(NamedTuple):
    """`kind` is in words that quote nothing."""

    kind: str
    weight: float


TITLED_NAME = Weight("a name", 0.92)  # with Mr or Mrs before it: in a hospital's posts hardly ever staff
FULL_NAME = Weight("a name", 0.9)
GIVEN_NAME = Weight("a name", 0.6)
RELEASED_NAME = Weight("a name with a release on file", 0.0)
SEEN_PLACE = Weight("a place", 0.3)  # told by its capital letter alone

DIRECT = {
    "ACCESSION_NUMBER": Weight("an accession number", 0.8),
    "ACCOUNT_NUMBER": Weight("an account number", 0.8),
    "ADDRESS": Weight("a home address", 0.8),
    "BIOMETRIC_ID": Weight("a biometric mark", 0.5),
    "CREDIT_CARD": Weight("a card number", 0.8),
    "DATE_OF_BIRTH": Weight("a date of birth", 0.85),
    "DEVICE_ID": Weight("a device number", 0.7),
    "EMAIL_ADDRESS": Weight("an e-mail address", 0.85),
    "FAX_NUMBER": Weight("a fax number", 0.5),
    "HEALTH_PLAN_NUMBER": Weight("a health plan number", 0.85),
    "IP_ADDRESS": Weight("an internet address", 0.4),
    "MEDICAL_RECORD_NUMBER": Weight("a record number", 0.95),
    "PHONE_NUMBER": Weight("a telephone number", 0.85),
    "US_CLAIM_NUMBER": Weight("a claim number", 0.8),
    "US_DRIVER_LICENSE": Weight("a licence number", 0.8),
    "US_ITIN": Weight("a tax number", 0.9),
    "US_MBI": Weight("a Medicare number", 0.95),
    "US_PASSPORT": Weight("a passport number", 0.9),
    "US_PRESCRIPTION_NUMBER": Weight("a prescription number", 0.8),
    "US_SSN": Weight("a social security number", 0.95),
    "VEHICLE_ID": Weight("a vehicle or plate number", 0.8),
}
CONTACTS = frozenset({"ADDRESS", "EMAIL_ADDRESS", "FAX_NUMBER", "IP_ADDRESS", "PHONE_NUMBER"})  # anybody's, an office's too
STRONG = {"US_SSN": 0.5, "MEDICAL_RECORD_NUMBER": 0.8, "US_MBI": 0.5}  # from this score on enough alone, on our own accounts

INDIRECT = {
    "ADMISSION_DATE": Weight("a date of care", 0.4),
    "AGE": Weight("an age", 0.45),
    "AGE_OVER_89": Weight("an age over 89", 0.55),
    "DATE_TIME": Weight("when it happened", 0.3),
    "DEATH_DATE": Weight("a date of death", 0.4),
    "DISCHARGE_DATE": Weight("a date of care", 0.4),
    "LOCATION": Weight("a place", 0.25),
    "ORGANIZATION": Weight("a school, firm or other house", 0.15),
    "ROOM_BED": Weight("a room or bed", 0.7),
    "SURGERY_DATE": Weight("a date of care", 0.4),
    "TRAIT": Weight("what singles somebody out", 0.5),
    "ZIP_CODE": Weight("a postal code", 0.35),
}

# Classes of _data/phi_terms.yaml.
INDIRECT_TERMS = {
    "age": Weight("an age", 0.4),
    "death": Weight("a death", 0.3),
    "event": Weight("an event that others know of", 0.45),
    "minor": Weight("that it is a child", 0.1),
    "epithet": Weight("how the person is described", 0.4),
    "occupation": Weight("an occupation", 0.6),
    "place": Weight("a place", 0.35),
    "public_role": Weight("a role that the public knows", 0.7),
    "rarity": Weight("how rare the case is", 0.6),
    "relation_known": Weight("how the author knows the person", 0.6),
    "relation_theirs": Weight("a relative", 0.25),
    "room": Weight("a room or bed", 0.6),
    "time_near": Weight("when it happened", 0.3),
    "ward": Weight("a ward", 0.2),
    "unit": Weight("a unit or floor", 0.3),
}
HEALTH_TERMS = {
    "body": 0.5,
    "condition": 0.85,
    "death": 0.7,
    "drug": 0.6,
    "encounter": 0.5,
    "on_duty": 0.4,
    "procedure": 0.8,
    "sensitive_assault": 0.9,
    "sensitive_hiv": 0.9,
    "sensitive_psychiatric": 0.9,
    "sensitive_reproductive": 0.9,
    "sensitive_substance": 0.9,
    "symptom": 0.5,
    "ward": 0.5,
}
SENSITIVE = frozenset(group for group in HEALTH_TERMS if group.startswith("sensitive_")) | {"minor"}
