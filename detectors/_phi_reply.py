"""Tells whether a reply confirms that the one it answers, or a relative, is or was a patient.

That an answer to a review discloses a visit is what the Office for Civil Rights has fined (Elite Dental 2019, Manasa 2023): the
patient's own words free nobody to confirm them. Advice to anybody ('schedule your visit') confirms nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CARE = r"""(?:visits?|stay|appointments?|check-?ups?|follow-?ups?|surger(?:y|ies)|operation|procedures?|admission
    |hospitali[sz]ation|treatments?|therapy
    |(?:test\ |lab\ |scan\ |biopsy\ )?results|labs?|blood\ (?:work|draw|test)|(?:\w+\ )?replacement|bypass|biopsy|scans?|mri
    |ct|x-?rays?|films?|ultrasound
    |delivery|birth|discharge|diagnosis|condition|symptoms|pain|fracture|injury|wound|incision|medications?|meds|prescription
    |dose|infusions?
    |chart|(?:medical\ )?records?|recovery|rehab(?:ilitation)?|transplant|chemo\w*|radiation|mammogram|colonoscopy|endoscopy
    |vaccination|epidural
    |c-section|labor|pregnancy|hip|knee|back|heart|baby's\ \w+|(?:er|ed|icu|nicu|emergency(?:\ room|\ department)?)\ (?:visit
    |stay)|wait(?:\ time)?|room|bed
    |bill|insurance\ claim|account|case|care\ (?:here|with\ us)|time\ (?:here|with\ us|in\ our)|experience\ (?:in|on|with
    |during)\ (?:our|the|your))"""
_CURE = r"""(?:visita|radiografia|placa|espera|estancia|estadia|cita|consulta|cirugia|operacion|procedimiento|ingreso
    |hospitalizacion
    |tratamiento|terapia|resultados?|analisis|examen(?:es)?|parto|cesarea|alta|diagnostico|expediente|historia\ clinica
    |recuperacion|biopsia
    |trasplante|quimioterapia|rodilla|cadera|corazon|dolor|herida|medicamentos?|receta|factura|cama|habitacion|embarazo
    |lesion)"""
_KIN = r"""(?:mother|mom|mum|father|dad|son|daughter|wife|husband|baby|newborn|little\ (?:one|boy|girl|guy)|child|kids?
    |parents?|sister|brother
    |grandmother|grandfather|grandma|grandpa|aunt|uncle|niece|nephew|loved\ one|family\ member|spouse|partner|twins|fiancee?)"""
_PARIENTE = (
    r"(?:madre|mama|padre|papa|hij[oa]s?|espos[oa]|marido|mujer|bebe|nin[oa]|abuel[oa]|herman[oa]|ti[oa]|familiar"
    r"|ser\ querido|suegr[oa]|pareja)"
)
_TREATED = r"""(?:seen|treated|admitted|discharged|cared\ for|evaluated|examined|operated\ on|diagnosed|transferred|triaged
    |given|offered|prescribed|told|kept
    |moved|released|scheduled|tested|a\ patient|under\ (?:our|the)\ care|in\ (?:our|the)\ (?:er|ed|icu|nicu|hospital|unit
    |waiting)|with\ us|here\ (?:on|for|in|with|last))"""
_TREAT = r"""(?:treat(?:ed|ing)?|car(?:e|ed|ing)?\ for|(?:took|take|taking)\ (?:\w+\ )?care\ of|deliver(?:ed|ing)?
    |operated\ on|saw|seen|see|admitted
    |discharged|examined|evaluated|diagnosed|looked\ after|watched\ over|performed|removed|repaired|replaced|saved|nursed)"""
_PLACE = r"(?:unit|er|ed|icu|nicu|hospital|surgery|care|floor|ward|clinic|waiting\ room|emergency(?:\ (?:room|department))?)"
_TEAM = r"""(?:we|(?:our|the|your|dr\.?\ \w+'?s?|dr\.?)\ (?:\w+\ ){0,2}(?:team|staff|nurses?|doctors?|physicians?|surgeons?
    |providers?|therapists?|midw(?:ife|ives)
    |technicians?|radiologists?|anesthesiologists?|cardiologists?|residents?|clinicians?|who)|dr\.?\ \w+)"""
_CARERS = (
    r"(?:nurses?|doctors?|physicians?|surgeons?|care\ team|team|providers?|therapists?|midwife|oncologist|cardiologist"
    r"|caregivers?)"
)


@dataclass(frozen=True, slots=True)
class _Way:
    """One way in which a reply confirms. `general` words are said to anybody too, and count only outside of advice."""

    what: str
    pattern: re.Pattern[str]
    general: bool = False


def _way(what: str, pattern: str, *, general: bool = False) -> _Way:
    return _Way(what, re.compile(pattern, re.VERBOSE), general)


_CARE_OF_THEIRS = "a visit, procedure or record of theirs"
_WAYS = (
    _way(
        _CARE_OF_THEIRS,
        rf"\byour\ (?:(?!own\b|next\b|doctor|provider|local|primary|new\b|future|upcoming)[\w'-]+\ ){{0,3}}?{_CARE}\b"
        rf"|\b(?:su|tu|sus|tus)\ (?:\w+\ )?{_CURE}\b",
        general=True,
    ),
    _way(
        "that they were treated",
        rf"\byou(?:r\ (?:\w+\ )?{_KIN})?\ (?:were|was|(?:are|is)\ being|had\ been|ha(?:ve"
        rf"|s)\ been)\ (?:\w+\ ){{0,2}}?{_TREATED}\b"
        rf"|\b{_TEAM}\ (?:\w+\ ){{0,3}}?{_TREAT}\ (?:you|her|him|both\ of\ you)\b"
        rf"|\b{_TEAM}\ (?:\w+\ ){{0,3}}?{_TREAT}\ your\ (?:{_KIN}|{_CARE})\b"
        r"|\b(?:took|taking|take)\ (?:\w+\ ){0,2}?care\ of\ (?:you|her|him|your)\b"
        rf"|\b(?:honor|honou?red|privileged?|pleasure|happy|glad|joy|proud|delighted|able)\ to\ (?:have\ )?{_TREAT}\ (?:you"
        rf"|her|him|your)\b"
        rf"|\b(?:honor|honou?red|privileged?|pleasure|happy|glad|joy|proud|delighted|able)\ to\ (?:welcome|meet|deliver"
        rf"|bring|be\ (?:a\ )?part\ of|be\ there\ for)\ your\b"
        r"|\b(?:got|get|getting|had|have)\ you\ (?:back\ )?(?:on\ your\ feet|home|walking|up\ and|through|feeling|healed"
        r"|well|better)\b"
        r"|\b(?:glad|happy|pleased|delighted|thrilled|relieved)\ (?:to\ hear\ |to\ see\ |to\ know\ )?(?:that\ )?you(?:'re"
        r"|\ are|\ feel)\ (?:\w+\ ){0,2}?"
        r"(?:feeling|home|healing|recovering|recovered|better|walking|well|on\ the\ mend|back|pain[- ]free|cancer[- ]free"
        r"|healthy)\b"
        rf"|\b(?:le|lo|la|te|los|las|les)\ (?:\w+\ )?(?:atendimos|tratamos|operamos|cuidamos|recibimos|ayudamos"
        rf"|dimos\ (?:de\ )?alta|hicimos|atendio|trato|opero|cuido|examino)\b"
        r"|\b(?:haber|poder|de)(?:l[eoa]s?|te)\ (?:atendido|tratado|operado|cuidado|ayudado|recibido|acompanado)\b"
        r"|\b(?:atender|cuidar|acompanar|recibir|operar)(?:l[eoa]s?|te)\b"
        r"|\bfue(?:ron)?\ (?:\w+\ )?(?:atendid|tratad|operad|ingresad|dad|examinad|evaluad|trasladad)[oa]s?\b"
        r"|\bque\ (?:tuvo|tuviera|recibio|recibiera|estuvo|espero|pasara|paso)\ (?:\w+\ ){0,5}?(?:en|por|con|durante)\b",
    ),
    _way(
        "a relative's care",
        rf"\b(?:for|to|of|with|about)\ your\ {_KIN}\b[^.!?]{{0,30}}\b{_PLACE}\b"
        rf"|\byour\ (?:new\ |late\ |little\ )?{_KIN}(?:'s|s')?\ (?:\w+\ ){{0,2}}?(?:{_CARE}|care|{_CARERS})\b"
        rf"|\byour\ (?:new\ |late\ )?{_KIN}\ (?!can|may|could|should|must|or|and|in|to|if|is\ important)\w+"
        rf"|\byour\ {_KIN}'s\ \w+\ [^.!?]{{0,30}}\b(?:record|chart|file|staff|nurses?|team)\b"
        rf"|\b(?:done|did|do|been\ there|was\ there|everything|help|fought)\ (?:\w+\ ){{0,2}}for\ (?:your\ {_KIN}|her|him)\b"
        rf"|\b(?:bringing|entrusting|sending|bring|trust|brought)\ (?:us\ )?(?:with\ )?your\ (?:\w+\ )?{_KIN}\b"
        rf"|\b(?:glad|happy|sorry|pleased|relieved|delighted|thrilled)\ (?:to\ hear\ )?(?:that\ )?(?:the|your|his"
        rf"|her)\ (?:\w+\ )?(?:{_CARE}|stitches|cast|baby)\ (?:\w+ed|went|is|was|were|are|has|took|healed)\b"
        rf"|\b(?:during|after|before|since|despues\ de|durante|tras)\ (?:your|his|her|su|tu)\ (?:\w+\ )?(?:{_CARE}|{_CURE}"
        rf"|fall|accident|caida)\b"
        rf"|\b(?:la|el|los|las)\ {_CURE}\ de\ (?:su|tu)\ {_PARIENTE}\b"
        rf"|\b(?:trusting|choosing|letting|allowing)\ (?:us|our\ \w+)\ (?:[\w']+\ ){{0,4}}?(?:with|for|in"
        rf"|of)\ your\ (?:\w+\ )?(?:care|health|{_CARE}|{_KIN})\b"
        rf"|\b(?:su|tu)\ {_PARIENTE}\ (?:ya\ |se\ |no\ )?(?!puede|debe|podria|deberia|o\b|y\b|en\b|a\b|es\ importante)\w+"
        rf"|\b(?:de|con|por|para)\ (?:su|tu)\ {_PARIENTE}\ [^.!?]{{0,30}}\b(?:sala|unidad|hospital|urgencias|emergencias?"
        rf"|cuidados|piso)\b",
    ),
    _way(
        "what the records say",
        r"\b(?:our|your|the|his|her)\ (?:\w+\ )?(?:records?|chart|file|system|notes?|log)\ (?:shows?|indicates?|says?"
        r"|confirms?|states?|reflects?)\b"
        r"|\b(?:as|is|was|are|were)\ (?:\w+\ )?(?:noted|documented|recorded|stated)\ in\ (?:your|his|her|the)\b"
        r"|\b(?:nuestros\ registros|su\ expediente|el\ expediente)\ (?:muestran?|indican?|dicen?)\b",
    ),
    _way(
        "that they were a patient",
        r"\b(?:when|while|since|that|after|before|until)\ you\ (?:were|came|left|got|arrived|went|stayed|had)\b"
        r"|\byou\ (?:came\ (?:to|in|through|for|back)|visited|left|arrived|missed|refused|declined|checked\ in|underwent"
        r"|waited|stayed|received|spent|"
        r"got|did\ not|didn't|chose\ to|signed|were\ not|weren't|requested|asked\ (?:for|our|the)|had\ (?:a|an|to|your))\b"
        r"|\bthank\ you\ for\ being\ (?:a|our)\ (?:\w+\ )?patient\b|\b(?:usted|ud)\ (?:fue|estuvo|vino|llego|recibio|tuvo"
        r"|se\ fue|salio|no\ (?:vino|se\ presento|quiso|acudio))\b"
        r"|\bsee\ you\ (?:at|for)\ your\b|\bcuando\ (?:vino|llego|estuvo|se\ fue|ingreso)\b",
    ),
)
_ADVICE = re.compile(
    r"""\b(?:if|schedule|book|reschedule|bring|prepare|before\ your|next|upcoming|future|cannot|can't|(?:not\ |un)able\ to
    |may\ not|prior\ to|ahead\ of|for\ any|to\ make|request|access|view|pay|refill|ask|call|find|check|hope\ you|how\ to
    |si|agendar|program(?:e|ar)|proxim[oa]|reservar|traiga|antes\ de|no\ podemos|pueden?)\b""",
    re.VERBOSE,
)
_HYPOTHETICAL = re.compile(r"\b(?:if|should you|whether|anyone|anybody|whenever|would you|si|cualquier\w*)\b")
_SENTENCE = re.compile(r"[^.!?\n]+")
_LONGEST_SENTENCE = 1_000
_SCORE, _MORE, _MOST = 0.75, 0.1, 0.95


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a reply gives away, how sure that is, and where it stands in the folded text."""

    what: str
    score: float
    extents: tuple[tuple[int, int], ...]


def confirms_a_patient(lower: str) -> Confirmation | None:
    """Read a reply (folded, lower case) sentence by sentence; None where it confirms nothing."""
    whats: dict[str, None] = {}
    extents: list[tuple[int, int]] = []
    for sentence in _SENTENCE.finditer(lower):
        said = sentence[0][:_LONGEST_SENTENCE]
        if _HYPOTHETICAL.search(said):
            continue
        advice = _ADVICE.search(said) is not None
        for way in _WAYS:
            if advice and way.general:
                continue
            for match in way.pattern.finditer(said):
                whats[way.what] = None
                extents.append((sentence.start() + match.start(), sentence.start() + match.end()))
    if not extents:
        return None
    return Confirmation(" and ".join(whats), min(_MOST, _SCORE + _MORE * len(extents)), tuple(extents))
