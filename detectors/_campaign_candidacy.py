"""Who is said to stand for office by the words beside the name, for candidates that no list knows.

'X for Mayor' or 'candidate X' says it by itself; 'Team X', 'X wins' or a whole name say it only in a text that speaks of an
election. The patterns look at a few characters beside a name, so that all of it stays linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from detectors._phrases import compile_pattern

Slot = tuple[int, int, str]  # a range of a text, and what stands there

_BESIDE = 80  # characters
_PLACE = r"(?:(?:the|la|el|new york|ny|nyc|u\.s\.|us|state|city|county) ){0,3}"
_SOCIETY = r"president(?! (?:of|del?) (?:the |la )?[a-z]+ (?:society|college|association|academy)|'s)"
_BY_TITLE = re.compile(
    r"\b(?:candidate|challenger|hopeful|nominee|candidat[oa]|aspirante|incumbent),? (?:dr\.? |dra\.? )?$", re.IGNORECASE
)
_ELECTION = compile_pattern(
    r"(?i)\b(?:ballots?|polls|elections?|(?:this|in|come|next) november|november \d{1,2},? (?:remember|vote|choose)|voters?"
    r"|campaigning|(?:her|his|their|whose) campaign|campaign trail|canvass\w*|phone ?bank\w*|(?:knock\w*|on) doors"
    r"|doors? knock\w*|opponents?|race for|person race"
    r"|(?:mayor|governor)(?:al|'s)? race|district \d+|four (?:more|years)|(?:first|second|another) term|early voting|vote early"
    r"|white house|casa blanca|nov(?:ember|iembre)? \d|\d de noviembre|candida(?:te|ta|to|cy)|running for|runs for"
    r"|(?:comptroller|senate|council|sheriff|assembly|congressional|attorney general)(?:'s)? race"
    r"|(?:mayor|senator|governor)-elect"
    r"|(?:your|our|su|nuestr[oa]) (?:next|proxim[oa]) (?:state )?"
    r"(?:mayor|senator|governor|congress|assembly|council|alcald|senador)\w*"
    r"|run this (?:city|county|state)|a (?:mayor|senator|governor) who"
    r"|(?:este|en) noviembre|urnas|su campana|campana de|puertas|oponente|eleccion(?:es)?|votos?|boleta)\b"
)
_OTHER_CONTEST = compile_pattern(
    r"(?i)\bof the (?:month|year|week)\b|\b(?:awards?|contest|medal|prize|society|association|college of|academy|medical staff"
    r"|chief resident|keynote|walk|marathon|5k|concurso|premio|colegio|regist\w+|absentee|hustings)\b"
)
_AFTER = re.compile(
    r" 20[123]\d|,? (?:a|our|your|the) next|, (?:a|el|la|una?) (?:mayor|senator|governor|alcald\w+)| (?:wins|gana)\b"
    r"|'s (?:opponent|campaign|race|re-?election)",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:\bteam|\bgo|\bback(?:s|ing)?|equipo de|(?:opponents?|oponente|rival),|(?:her|his|their) name is|se llama|anyone but"
    r"|todos menos|re-?elect|volunteers? (?:for|with)|voluntarios de|knock\w* for|campaigning (?:for|with)|years of"
    r"|anos de) $",
    re.IGNORECASE,
)
_COLLEAGUE = re.compile(r"(?:\bdra?|\bdrs|doctor|doctora|nurse|prof|professor|chaplain|coach)\.? $", re.IGNORECASE)
_PERSON = re.compile(r"[A-Z][a-z'-]+(?: [A-Z]\.?)?(?: [A-Z][A-Za-z'-]+){1,2}(?:'s)?")
_THING = re.compile(
    r"(?i)\b(?:ave|avenue|street|st|road|square|park|plaza|bridge|island|heights|station|hall|tower|wing|pavilion"
    r"|building|atrium|lobby|cent(?:er|re)"
    r"|institute|hospital|clinic|school|college|university|academy|foundation|fund|society|association|library|museum"
    r"|church|temple"
    r"|day|week|month|act|law|bill|court|county|city|state|states|york|department|board|committee|commission|service"
    r"|services|health|care"
    r"|medicare|medicaid|cross|house|network|times|post|news|project|program|initiative|team|group|council|league|vote"
    r"|harlem|bronx|queens)s?\b"
    r"|^(?:new|mount|saint|fort|san|santa|east|west|north|south|upper|lower|el|la|los|las|the)\b"
)
_TICKET = {"/", "-", " / ", " & "}  # between two running mates


class Candidacies:
    """Finds them with the names of `offices`, and with the shape of a name that tells a person from a place."""

    def __init__(self, offices: str) -> None:
        """`offices`: alternatives of a pattern."""
        office = rf"{_PLACE}(?:{offices}|assembly|council|{_SOCIETY})(?!\w)"
        self._by_office = re.compile(
            rf"'?s?,? (?:(?:for|4|para|al|a la|a) {office}"
            r"|(?:(?:is|has|es|the|our|la|el|nuestr[oa]|democratic|republican) ){0,3}"
            r"(?:candidate|nominee|candidat[oa]|running|runs|ran|bid|campaign|candidacy|candidatura|contender|se postula"
            rf"|aspira)\s(?:for|to|a|al|para|de|como)(?: la| el)? {office}"
            r"|(?:20[123]\d )?(?:alcalde|alcaldesa|gobernador|gobernadora|senador|senadora)(?!\w)"
            rf"|(?:is|es) (?:the|our|el|la|nuestr[oa]) (?:next )?(?:{offices}) (?:this|we|our|new|the|who|that|for|que))",
            re.IGNORECASE,
        )

    def surnames(self, text: str, unsure: Iterable[Slot]) -> set[str]:
        """Of those among `unsure` who stand for office by the words beside any mention of them."""
        election = bool(_ELECTION.search(text)) and not _OTHER_CONTEST.search(text)
        return {
            surname(text[start:end])
            for start, end, _ in unsure
            if self._stands(text, start, end) or (election and self._may_stand(text, start, end))
        }

    def _stands(self, text: str, start: int, end: int) -> bool:
        return bool(self._by_office.match(text[end : end + _BESIDE]) or _BY_TITLE.search(text[max(0, start - _BESIDE) : start]))

    def _may_stand(self, text: str, start: int, end: int) -> bool:
        before = text[max(0, start - _BESIDE) : start]
        name = text[start:end]
        if _PERSON.fullmatch(name) and not _THING.search(name) and not _COLLEAGUE.search(before):
            return True
        return bool(_AFTER.match(text[end : end + _BESIDE]) or _BEFORE.search(before))


def ticket_surnames(text: str, politicians: Sequence[Slot]) -> set[str]:
    """Of two politicians with only a stroke or hyphen between them."""
    return {
        surname(text[start:end])
        for first, second in pairwise(politicians)
        if text[first[1] : second[0]] in _TICKET
        for start, end, _ in (first, second)
    }


def surname(name: str) -> str:
    return name.lower().removesuffix("'s").rsplit(" ", 1)[-1]
