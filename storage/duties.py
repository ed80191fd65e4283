"""The duties to delete, and what stands against them. The words are kept in rows, so they never change."""

from __future__ import annotations

from enum import StrEnum


class Duty(StrEnum):
    """Why content must go."""

    DELETED = "deleted"  # its author or the platform took it away, and the terms want that honoured
    NOT_REFRESHED = "not refreshed"  # it was not seen again within the days that the terms give
    KEPT_LONG = "kept long enough"  # it is older than the terms let it be
    NOT_STORABLE = "not storable"  # it was read, and the terms let no text be kept
    RETIRED = "account retired"
    DISPUTED = "dispute upheld"


STORED_ANEW = frozenset({Duty.DELETED, Duty.NOT_REFRESHED, Duty.RETIRED, Duty.DISPUTED})  # when it is seen live again


class Holder(StrEnum):
    """What keeps content although a duty wants it gone."""

    HOLD = "legal hold"
    CASE = "open case"
    SEALED_CASE = "sealed case"  # named to those only who may know of it
    DECISION = "earlier decision"  # counsel decided to keep it, over another duty


class DecisionState(StrEnum):
    WAITING = "waiting"
    KEEP = "keep"
    ERASE = "erase"
