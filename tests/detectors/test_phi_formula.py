"""Replies of mere formulas, which confirm nothing, and those that only begin so."""

from __future__ import annotations

import pytest

from detectors._fold import fold
from detectors._phi_formula import is_formula


@pytest.mark.parametrize(
    "reply",
    [
        "Gracias por su comentario. Por favor llámenos al 212-555-0100.",
        "Lamentamos su experiencia. Por favor comuníquese con nosotros.",
        "We hear you and we are sorry.",
        "Hi Maria, thank you for letting us know! Please call (212) 555-0100 or write to care@clinic.example.",
        "THANK YOU SO MUCH!!!",
    ],
)
def test_a_formula(reply: str) -> None:
    assert is_formula(fold(reply).lower)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "We are sorry about your surgery. Please call us.",
        "Gracias por su visita del martes. Llámenos.",
        "Thank you. Our records show you left early.",
        "Hi Maria, sorry that you were admitted: please call.",
        "thanks " * 200,
    ],
)
def test_no_formula(reply: str) -> None:
    assert not is_formula(fold(reply).lower)
