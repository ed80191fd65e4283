"""How surely a passage tells of a real patient of ours: the signs that there is one, and what speaks against."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from detectors._phi_weights import HEALTH_TERMS

_OF_PATIENTS = (  # what 'patient' may stand before without meaning one
    r"(?:care|safety|experiences?|advoca\w+|portal|education|engagement|relations|services?|outcomes?|satisfaction|population|"
    r"access|rights|famil(?:y|ies)|volumes?|loads?|ratios?|cent\w+|first|focused|rooms?|data|information|privacy|support|"
    r"transport\w*|tower|pavilion|names?|reported|guides?|navigator|advisory|recruitment|perspective|assignments?|"
    r"stor(?:y|ies)|and family|to nurse|satisfied|people|with (?:my|me|your)|enough|zero|simulators?|represent\w+|complaints?|"
    r"registration|hotline|line|forms?|surveys?|panel|groups?|forum|council|committee|community|charter|waiting|visits?|days|"
    r"deaths|lives|harm|risks?|flow|turnover|base|app|tools?|trials?|stud(?:y|ies)|cohorts?|samples?|cells?|choice|voices?|"
    r"homes?|memory|monitor\w*|lists?)\b"
)
_OURS = re.compile(
    rf"\b(?:my|our|mi|nuestr[oa])\s+(?:[\w'+-]+\s+){{0,2}}?(?:patient|pt|paciente)\b(?!['-]?\s?{_OF_PATIENTS}|-)"
    r"|\b(?:one|uno|una)\s+(?:of|de)\s+(?:my|our|the|mis|nuestr[oa]s)\s+(?:[\w'+-]+\s+){0,2}?(?:patients|pts|pacientes)\b"
)
_ONE = re.compile(rf"(?:\b([\w'-]{{1,20}})\s+)?\b(?:patient|pt|paciente)\b(?!['-]?\s?{_OF_PATIENTS}|-)")
_NO_ONE_WORDS = """
be being so very more most stay remain every each any per your no cada todo tu su sea ser muy if another's
"""
_NO_ONE = frozenset(_NO_ONE_WORDS.split())

_AT_WORK = re.compile(
    r"\b(?:my|our|mi|nuestr[oa])\s+(?:[\w-]+\s+){0,2}?"
    r"(?:er|ed|icu|nicu|picu|micu|sicu|or|floor|unit|ward|shift|service|clinic|trauma bay|guardia|turno|piso|unidad|uci|sala)\b"
    r"|\b(?:in|into|to|on|through)\s+(?:my|our)\s+(?:exam\s+room|office|table|care|hands|waiting\s+room|triage|doors|consultorio|sala)\b"
    r"|\b(?:i|we)\s+(?:(?:just|also|then|finally|literally|had to|got to)\s+){0,2}"
    r"(?:treat|remov|deliver|intubat|admit|discharg|operat|sutur|cod|pronounc|resuscitat|sedat|sew|fix|patch|told (?:him|her)|"
    r"drain|restrain|transfus|transplant|diagnos|stitch|perform|transferr|bagg|triag)\w*\b"
    r"|\bi(?:'m|\swas|\sam)\s(?:his|her|their|the)\s(?:\w+\s)?(?:nurse|doctor|resident|surgeon|medic|tech|intern|attending)\b"
    r"|(?:^|[.!?]\s+|\n)(?:just\s+|today\s+(?:i|we)\s+)?(?:treated|delivered|pronounced|discharged|admitted|intubated|sutured|"
    r"removed|took care of|taking care of|had to tell|had a|got a|coded)\b"
)
_FIRST_PERSON = re.compile(r"\b(?:i|i'm|i've|me|my|we|we're|us|our|mi|mis|me|nos|nuestr[oa]s?|yo)\b")
_HISTORY = re.compile(r"\b1[5-8]\d\d\b")

_RECORD_DATES = frozenset({"DATE_OF_BIRTH", "ADMISSION_DATE", "DISCHARGE_DATE"})  # as the head of a chart has them
_MAKE_BELIEVE = 0.15
WRITTEN_DAMPS = 0.3
_DENIED_WITHIN = 25  # characters before the words of a permission
_SAID_OF_OTHERS = {"news": 0.4, "public_figure": 0.4, "statistic": 0.5, "own_health": 0.25, "own_family": 0.25}
_FORM = (
    r"(?:releases?|authori[sz]ations?|consents?(?!\s(?:to\s(?:the|an?|treat\w*|surgery|being)|for\s(?:the|his|her|an?))\b)|permission|okay|leave|waivers?|autorizaci(?:on|ones)"
    r"|consentimiento(?! para)|permiso|cesion)"
)
_IN_INK = r"(?:signed|in\swriting|written|on\spaper|on\sfile|firm(?:o|aron|ad[oa]s?)|escrit[oa]|archivad[oa]s?)"
_WRITTEN = re.compile(
    rf"\b{_IN_INK}\b[^.!?\n]{{0,60}}\b{_FORM}\b|\b{_FORM}\b[^.!?\n]{{0,60}}\b{_IN_INK}\b(?!\s(?:yet|is\scoming))"
    r"|\bphoto\srelease\b|\bhipaa\s(?:release|authori[sz]ation)\b"
)
_NOT_WRITTEN = re.compile(
    r"\b(?:no|not|never|without|sin|nunca|un|unsigned|isn't|wasn't|hasn't|haven't|didn't|don't|refused|ask(?:ed|ing)?|need(?:s|ed)?|"
    r"waiting|pending|coming|soon|before\sher|before\shis|did\ssign|si\sfirmo|one)\b"
)
_CLINICAL = frozenset({"condition", "procedure", "drug", "ward", "symptom", "body", "death"}) | {
    group for group in HEALTH_TERMS if group.startswith("sensitive_")
}
_NO_DEEDS = frozenset({"own_health", "own_family", "event_notice", "statistic"})
_PASSED_ON = 0.6
_SAID_TO_ANYBODY = {"education": 0.4, "event_notice": 0.4}
_JOB_ADVERTISEMENT = 0.3


@dataclass(frozen=True)
class Signs:
    """What a passage shows, without saying where."""

    lower: str  # folded text
    groups: frozenset[str]  # classes of terms
    types: frozenset[str]  # types of entities
    names: frozenset[float]  # weights of names that may be a patient's
    numbered: bool  # a number that is nobody's mere contact

    @cached_property
    def ours(self) -> bool:
        """The author speaks of a patient of theirs."""
        return _OURS.search(self.lower) is not None

    @cached_property
    def one(self) -> bool:
        """One patient, not patients at large."""
        return self.ours or any(match[1] not in _NO_ONE for match in _ONE.finditer(self.lower))

    @cached_property
    def at_work(self) -> bool:
        """The author was there."""
        return self.ours or self.had_hands_on or "on_duty" in self.groups or _AT_WORK.search(self.lower) is not None

    @cached_property
    def had_hands_on(self) -> bool:
        """A deed that a caregiver does, beside a word of health."""
        return "deed" in self.groups and bool(self.groups & (_CLINICAL | {"encounter"})) and not self.groups & _NO_DEEDS

    @cached_property
    def linked(self) -> bool:
        """A link, as news that is passed on has one."""
        return "http" in self.lower

    @cached_property
    def first_person(self) -> bool:
        return _FIRST_PERSON.search(self.lower) is not None

    @cached_property
    def sensitive(self) -> bool:
        return any(group.startswith("sensitive_") for group in self.groups)

    @cached_property
    def written(self) -> bool:
        """A permission in writing is stated; what somebody is said to have said is none."""
        return any(not _is_denied(self.lower, *match.span()) for match in _WRITTEN.finditer(self.lower))

    def patient(self) -> tuple[float, float]:
        """How surely somebody here is a patient: by the firm signs, and by all signs.

        The loose signs are shown by talk about any well-known person's illness too, so they don't count for a name.
        """
        groups, types = self.groups, self.types
        first_person = self.first_person
        aged = bool(types & {"AGE", "AGE_OVER_89"}) or "age" in groups
        described = aged or bool(
            groups & {"person_unnamed", "epithet", "occupation", "public_role", "relation_known", "pronoun"}
        )
        someone = described or bool(self.names) or self.numbered
        ill = self.sensitive or bool(groups & {"condition", "procedure"})
        met = bool(groups & {"encounter", "unit"})
        seen_ill = met and bool(groups & _CLINICAL)
        named_ill = bool(self.names) and (ill or "drug" in groups)
        titled = max(self.names, default=0.0) > 0.9  # Mr, Mrs
        about_them = bool(groups & {"pronoun", "person_unnamed", "relation_theirs"})
        told = aged or bool(groups & {"person_unnamed", "epithet", "occupation", "public_role"})
        suffered = len(groups & (_CLINICAL | {"encounter"}))
        placed = bool(
            groups & {"time_near", "unit", "room", "place", "event"} or types & {"DATE_TIME", "ADMISSION_DATE", "SURGERY_DATE"}
        )
        there = self.at_work and (someone or self.had_hands_on or "on_duty" in groups)
        firm = (
            (1.0, self.ours),
            (0.95, self.one and (self.at_work or bool(self.names) or self.numbered or aged)),
            (0.9, someone and self.at_work),
            (0.9, someone and "unit" in groups and (self.at_work or ill)),
            (0.85, "relation_known" in groups and (seen_ill or self.sensitive)),
            (0.8, someone and seen_ill and not self.linked),
            (0.75, bool(self.names) and seen_ill),
            (0.7, named_ill and "pronoun" in groups and not self.linked),
            (0.65, named_ill and first_person),
            (0.8, named_ill and not self.linked),
            (0.9, titled and bool(groups & _CLINICAL)),
            (0.85, titled and first_person and "pronoun" in groups),
            (0.8, self.names != frozenset() and first_person and bool(groups & _CLINICAL) and about_them),
            (0.8, told and "death" in groups and bool(groups & {"ward", "time_near"}) and not self.linked),
            (0.8, told and suffered > 2 and (placed or "pronoun" in groups) and not self.linked),
            (0.7, told and suffered > 1 and (placed or first_person or "pronoun" in groups) and not self.linked),
            # 'our flu clinic is open on Saturday' is at work, too: it takes a person, or hands on one
            (0.8, there and suffered > 1 and (placed or bool(groups & {"death", "rarity"}))),
            (0.65, described and {"death", "event"} <= groups and "time_near" in groups and not self.linked),
            (0.9, (("ROOM_BED" in types) or "room" in groups) and (someone or self.at_work or ill or met or "death" in groups)),
            (0.9, "relation_known" in groups and bool(groups & {"ward", "encounter", "on_duty"})),
            (0.8, self.one),
            (0.8, self.numbered and bool(types & _RECORD_DATES) and "ward" in groups),
            (0.8, someone and met and (first_person or self.numbered)),
            (0.75, someone and "ward" in groups and first_person),
            (0.7, described and met and bool(groups & {"ward", "time_near"})),
            (0.7, bool(self.names) and self.numbered),
            (0.6, someone and met),
            (0.6, titled),
            (0.6, bool(self.names) and "relation_theirs" in groups),
            (0.5, bool(self.names) and self.sensitive),
            (0.45, bool(self.names)),
            (0.15, "patients_many" in groups),
        )
        loose = (
            (0.75, described and ill and first_person),
            (0.65, described and ill and "pronoun" in groups),
            (0.6, ill and bool(groups & {"occupation", "public_role", "relation_known"})),
            (0.6, aged and ill),
        )
        surest = max((weight for weight, holds in firm if holds), default=0.0)
        return surest, max([surest, *(weight for weight, holds in loose if holds)])

    def damping(self) -> float:
        """A factor in (0, 1], small where the passage is no tale of a real patient of ours, or permission is claimed."""
        invented = bool(self.groups & {"fiction", "not_a_person"}) or _HISTORY.search(self.lower) is not None
        factors = [(_MAKE_BELIEVE, invented), (WRITTEN_DAMPS, self.written)]
        factors.append((_JOB_ADVERTISEMENT, "job" in self.groups and not self.one))
        if not self.at_work:
            factors.append((_PASSED_ON, self.linked and "encounter" not in self.groups))
            if not self.one:
                said = self.groups - {"own_family"} if "relation_known" in self.groups else self.groups
                factors += [(weight, group in said) for group, weight in _SAID_OF_OTHERS.items()]
        if not (self.ours or self.had_hands_on or "on_duty" in self.groups):
            factors += [(weight, group in self.groups) for group, weight in _SAID_TO_ANYBODY.items()]
        product = 1.0
        for weight, holds in factors:
            product *= weight if holds else 1.0
        return product


def _is_denied(lower: str, start: int, end: int) -> bool:
    """Whether the words just before say that there is none, or none yet."""
    sentence = max(lower.rfind(mark, 0, start) for mark in ".!?\n") + 1
    return _NOT_WRITTEN.search(lower, max(sentence, start - _DENIED_WITHIN), end) is not None
