"""Finds by the build of words and sentences what no list holds: who is spoken of, and what was done to them.

Each find is a term, of a class of _data/phi_terms.yaml or of one more: an occupation by its ending, somebody the author knows,
one person out of a crowd, an illness or drug by its Greek or Latin ending, a caregiver's deed in the first person, an hour or a
unit. English and Spanish, in folded lower-case text; every repeat is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from detectors._vocabulary import Term

_ONE = (
    r"(?:an?|the|this|that|our|my|some|another|one|every(?:one)?'s|un|una|el|la|al|del|este|esta|ese|esa|otr[oa]|nuestr[oa]|mi)"
)
_WORKER = re.compile(
    rf"\b{_ONE}\s(?:[\w'-]{{1,20}}\s){{0,2}}?([a-z]{{2,14}}(?:er|or|ist|ster|eer|wright|smith|monger|keeper|man|woman|ista"
    rf"|dor|dora|ero|era))\b"
)
_NO_WORKER_WORDS = """
acero advisor after ahora alter altogether amber amor anger another answer anterior antler april armor ascensor assist
author bandera banner barrera barrier bather batman battier behavior better bigger bitter bladder blister border bother
bumper butter caballero cabecera cadera calendar calor camper cancer caner caregiver carer carretera cartera center cero
chairman chairwoman chamber chancellor chapter character charter checklist clever closer cluster colder color comedor
commander companera companero computadora computer conquista consider consist contador container cooler copper corner
corredor corridor counselor counter cover coworker crater cuera customer cylinder danger daughter december deeper deliver
demora dentist desfibrilador desist deter diameter diaper dinero dinner director directora disaster discover disorder doctor
doctora dolor doner donor door dozer drawer dresser earlier easier editor either elder elevator emperor encounter enero
enfermera enter entera entero entrevista era error escalera espera espero ever examinator examiner exist extender exterior
extranjero factor farther fastener faster father favor febrero fever fewer fiber fighter filler filter finger fingerprint
fire fist fitter flavor flicker floor flower folder folks foreman forever former founder freezer fuera fuller gather gender
genero ginger gist glimmer government governor grandfather grandmother greater guerrera guerrero hammer hamster hanger
harbor harder healer healthier heater helper her higher holder honor hora horror hover however hubiera human humor hunger
incubator indicator inferior inhaler inner insist instructor interior investigador january jumper junior killer kinder
ladder larger laser later latter laughter layer layman leader leather lecturer ledger letter lever liquor list lista
listener litter liver locker loner longer louder lover lower lunger madera major man manager manera manner manor marcapaso
marker master matter mayor mejor mejora member menor mentor meter miller minor mirror mist mixer moment monitor mother motor
murder mutter near neither never nevera newcomer newer newsletter newspaper nicer november number numero october odor offer
older olor onster or order organizer other ottoman outdoor outer over oyster pacemaker pager painkiller paper parameter
parker partner passenger peer peor pepper per percent pero persist peter pista pitcher plaster playlist pleasure poker poor
popper poster posterior powder power practitioner prayer predictor primera primero printer prior processor professor proper
provider pudiera pulsera quarter quicker quiero quisiera rather razor reader receptor recorder register regulator remainder
remember reminder reporter researcher resist respirador respirator revista river roller rubber ruler rumor sabor sadder
safer scanner scatter scooter sector senator senior senor senora sensor september sequester server severer shelter shiver
shorter shortlist shoulder shower silver simpler sister sitter slower smaller smoother sober softer soltera soltero sooner
speaker spider splinter spokesman spokeswoman stapler starter stepper stimulator stomper stranger stricter stronger sugar
summer super superior superman supper surgeon surrender survivor sweater swimmer syllabus taylor televisor temper tender
tensor tercera tercero terror theater thicker thinner thriller thunder tiger tighter timer toaster together tougher tower
trabajador trabajadora tracer tractor trailer transfer trauma tremor trigger trimester tumor tuviera twist twister twitter
ulcer under upper user utter valor ventilador ventilator verdadera verdadero vigor visor vista waitlist walker warmer
warrior water weaker weather whether whoever winter wiper wishlist woman wonder worker worse wrist yesterday younger zipper
zoster
"""
_NO_WORKERS = frozenset(_NO_WORKER_WORDS.split())

_KNOWN = re.compile(
    r"\bmy\s(?:[a-z]{2,12}(?:'s|s')\s)?(?:(?:new|old|former|own|kid's|childhood|favorite|high\sschool|middle\sschool"
    r"|first)\s){0,2}(?:[a-z]{2,10}\s)?"
    r"(?:neighbou?r|landlord|landlady|super|doorman|mailman|barber|hairdresser|coach|teacher|principal|professor|boss|bully"
    r"|pastor|"
    r"priest|rabbi|imam|dealer|plumber|babysitter|nanny|sitter|classmate|roommate|ex|ex-\w{3,10}|crush|bartender|barista"
    r"|trainer|"
    r"accountant|lawyer|realtor|prom\sdate|hairstylist|nail\stech|godmother|godfather|godson|goddaughter|ex's\s\w+)\b"
    r"|\bmy\s(?!patient|pt\b)[a-z]{2,14}'s\s(?:\w{2,12}\s)?(?:boss|girlfriend|boyfriend|wife|husband|mom|mother|dad|father"
    r"|sister|brother|"
    r"cousin|aunt|uncle|son|daughter|kid|teacher|coach|friend|landlord|neighbor|ex)\b"
    r"|\b(?:taught|babysat|bullied|coached|rented|baptized)\s(?:me|my)\b"
    r"|\bi\s(?:grew\sup|went\sto\s(?:\w+\s){0,3}|dated|used\sto\s\w+)\s?with\b|\bi(?:'ve)?\s(?:know|knew|known|dated"
    r"|recogni[sz]ed)\s(?:him|her|them)\b"
    r"|\bfrom\smy\s(?:building|block|street|church|gym|town|hometown|school|high\sschool|neighborhood|parish|yoga\sclass"
    r"|village|kid's\sschool)\b"
    r"|\bde\smi\s(?:pueblo|barrio|edificio|iglesia|cuadra|escuela|calle|clase|trabajo|parroquia|universidad)\b"
    r"|\bmi\s(?:vecin[oa]|caser[oa]|barber[oa]|antigu[oa]\s\w+|ex\w*|profesor[a]?|maestr[oa]|entrenador[a]?|jef[ea]"
    r"|pastor[a]?|compadre|comadre)\b"
    r"|\b(?:iglesia|escuela|edificio|barrio|trabajo|jef[ea]|vecin[oa]|amig[oa]|maestr[oa]|profe\w*|entrenador\w?|novi[oa]"
    r"|companer[oa])(?:\sde\s\w{2,12})?\sde\smi\s\w+"
    r"|\bque\s(?:me|nos)\s(?:bautizo|caso|crio|ensen\w+|vende|vendia|corta|arregla|dio\sclases|dio\sla\scomunion)\b"
    r"|\bel\s(?:que|senor\sque)\s(?:me|nos)\s(?:vende|corta|arregla|ensen\w+)\b"
)
_ONE_PERSON = re.compile(
    r"\b(?:the|this|that|a|our|some)\s(?:[\w'-]{1,16}\s){0,2}?(?:guy|dude|lady|man|woman|kid|girl|boy|person|one|fella"
    r"|gentleman|mom|dad|"
    r"teen|baby|couple|sweetheart|soul)\s(?:who|whose|that|from|in|with|on|at|by|next|outside|of)\b"
    r"|\b(?:el|la|un|una|al|del|ese|esa|este|esta)\s(?:[\w'-]{1,16}\s){0,2}?(?:que|de\sla|del|de\s\d)\b"
    r"|\b(?:two|three|four|five|both|one|another|dos|tres)\s(?:of\s(?:the\s|my\s|our\s)?)?(?:\w{2,12}\s){0,2}?"
    r"(?:workers|kids|boys|girls|brothers|sisters|teens|students|men|women|children|siblings|passengers"
    r"|construction\sworkers|hermanos|ninos|jovenes)\b"
    r"|\b(?:he|she|they)(?:'s|'d|\s(?:was|is|had|has|told|asked|came|told|walked|coded|said|lost|just|never|still|always"
    r"|keeps))\b"
)
_GREEK = re.compile(
    r"\b[a-z]{3,18}(?:(?P<condition>itis|oma|omas|aemia|emia|plegi[ac]|pathy|patia|algia|trophy|cytosis|penia|stenosis"
    r"|thrombosis|sclerosis|fibrosis"
    r"|pnea|uria|megaly|rrhage|rrhea|rragia|lithiasis|ptysis|ectasia)|(?P<procedure>ectomy|ectomi[ae]s?|ectomia|otomy"
    r"|otomia|ostomy|ostomia|plasty|plastia|scopy|scopia|graphy"
    r"|centesis|pexy|desis)|(?P<drug>mycin|cillin|cilina|micina|statin|pril|olol|sartan|prazole|prazol|azole|cycline"
    r"|floxacin|dipine|tidine"
    r"|zepam|zolam|zumab|tuximab|ximab|limumab|tinib|caine|profen|parin|barbital|triptan|setron))\b"
)
_NO_GREEK_WORDS = "diploma aroma oklahoma sonoma roma paloma tacoma idioma axioma empathy sympathy photography demography"
_NO_GREEK = frozenset(_NO_GREEK_WORDS.split())

_CLINICAL_DEEDS = (
    r"(?:treat|remov|deliver|intubat|extubat|admit|discharg|operat|sutur|cod|pronounc|resuscitat|sedat|sew|patch|drain"
    r"|restrain|transfus|transplant|"
    r"diagnos|stitch|transferr|bagg|triag|trach|cath|stent|shock|defibrillat|amputat|implant|splint|debrid|biops|scann"
    r"|x-ray|bath|medicat|inject|"
    r"vaccinat|examin|evaluat|assess|counsel|suction|prepp|turn|nurs|wean|dialyz|deliver)\w{0,4}"
)
_ACTS = (
    r"(?:fix|fed|feed|chang|clean|dress|consult|saved?|lost|met|saw|held|took\scare|wheel|transport|scrub|clos|open|cut"
    r"|pull|push|put|plac|draw|drew|"
    r"gave|got|had|told|call|pack|receiv|welcom|wash|perform|watch|discover|found|sat\swith|stayed\swith|prayed\swith"
    r"|cried\swith)\w{0,4}"
)
_OFTEN = (
    r"(?:(?:just|also|then|finally|literally|had\sto|got\sto|have\sto|once|actually|tried\sto|couldn't|could\snot|can't|did"
    r"|today|tonight|so|now)\s){0,2}"
)
_TO = r"(?:(?:to|up|in|out|on|back|with|for|care|of|down)\s){0,3}"
_THEM = r"(?:an?|him|her|his|this|that|our|another|someone|somebody|twins|mr|mrs|ms|miss)"
_SUBJECT = r"(?:\b(?:i|we)\s|(?:^|[.!?:;]\s+|\n))"
_DEED = re.compile(
    rf"{_SUBJECT}{_OFTEN}{_CLINICAL_DEEDS}\s{_TO}(?:{_THEM}|the|two|three|four|one|some|my|\d{{1,3}}"
    rf"|[a-z]{{3,14}}\s[a-z]{{3,16}}\s(?:down|to|up|home|out))\b"
    rf"|{_SUBJECT}{_OFTEN}{_ACTS}\s{_TO}{_THEM}\b(?!\s(?:great|good|bad|tough|long|fun|lovely|nice|new|amazing|blast|break))"
    r"|\b(?:transporting|intubating|bathing|delivering|coding|feeding|holding|treating|suturing|admitting"
    r"|discharging)\s(?:an?|him|her|the|mr|mrs|ms|[a-z]{3,14}\s[a-z]{3,16})\b"
    r"|\b(?:le|lo|la|los|les|nos|se\snos|se\sme|me)\s(?:\w{1,12}(?:amos|emos|imos)|\w{3,12}e|trajeron|llegaron|llego"
    r"|tocaron|toco)\b"
    r"|\b(?:atend|intub|oper|amput|recib|cos|reanim|ban|cuid|limpi|traslad|examin|inyect|salv|ingres|conoc|perd)"
    r"(?:i|e|amos|imos|ando|iendo|ar|er|ir)\s(?:a\s|al\s|con\s|hoy\sa\s|ayer\sa\s|anoche\sa\s)(?:un|una|la|el|los|mi|dos"
    r"|don|dona|\w{3,14})\b"
)
_DOES = (
    r"(?:won|wins|plays?|played|sings?|sang|sells?|sold|works?\s(?:at|as|in|for)|worked\s(?:at|as|in|for)|runs\sthe|owns"
    r"|owned|coache[sd]|"
    r"teaches|taught|drives|drove|preaches|hosts|hosted|starred|stars|cooks|bakes|drums|dances|danced|competed|pitched"
    r"|(?:does|cuts|fixes|walks|delivers|makes|serves|styles|cleans|did|fixed)\s(?:my|our|the)|was\son\s(?:the\snews|tv"
    r"|that))"
)
_HACE = (
    r"(?:canta|cantaba|vende|vendia|toca|tocaba|trabaja\sen|trabajaba\sen|maneja|manejaba|baila|bailaba|juega|jugaba|cocina"
    r"|ensena|ensenaba|"
    r"da\sclases|gano|salio\sen|predica|arregla|corta|pinta|actua)"
)
_DOES_FOR_A_LIVING = re.compile(
    rf"\b(?:who|that|he|she)\s(?:once\s|also\s|still\s|used\sto\s|just\s)?{_DOES}\b(?!\s(?:out|a\srole|part))|\b(?:who|he"
    rf"|she)\sused\sto\s(?:\w+)\b"
    rf"|\b(?:que|el|ella)\s{_HACE}\b"
)
_ROOM = re.compile(
    r"\b(?:grandpa|grandma|guy|lady|man|woman|dude|kid|mom|dad|girl|boy|gentleman|patient|pt|baby|one|couple|mama|papa"
    r"|senora?|paciente|nena|nene)"
    r"\s(?:in|from|de\sla|del|en\sla)\s#?\d{1,3}[a-d]?\b(?!\s?(?:%|of|days|hours|minutes|years|states|countries|people|anos"
    r"|dias|horas))"
)
_FIRST = re.compile(
    r"\b(?:first|second|third|youngest|oldest|smallest|only)\s(?:[\w-]+\s){1,6}?(?:of\sits\skind|ever|in\s(?:the\s(?:state"
    r"|country|city|world|region|"
    r"northeast|nation|hospital)|our\shistory|history|new\syork|the\sbronx|brooklyn))\b|\b(?:primer[ao]?"
    r"|unic[ao])\s(?:[\w-]+\s){1,6}?(?:del|en\sel)\s"
    r"(?:mundo|pais|estado|hospital|historia)\b"
)
_EPITHET = re.compile(
    r"\b(?:the|that|our)\s(?!(?:old|older|young|younger|poor|nice|same|other|only|little|sweet|big|good|bad|first|last|next"
    r"|right|wrong|best|main|new|"
    r"whole|very|average|crazy|funny|lucky|dead|white|black|brave|great|sick|health\w*|fat|tall|short|rich|real|third"
    r"|second|family|mystery)\b)"
    r"[a-z][a-z'-]{2,14}\s(?:lady|guy|man|dude|kid|boy|girl|lad|grandma|grandpa)\b"
    r"|\b(?:boy|girl|kid|man|woman|lady|guy|dude|rider|driver|teen|baby|gentleman|dad|mom|couple)\s(?:with|in)\s(?:the|a|an"
    r"|his|her|no)\s"
    r"(?!(?:hospital|er|ed|icu|world|house|room|bed|picture|photo|video|news|family|life|same|first|united|us)\b)[a-z]{3,14}\b"
    r"|\b(?:el|al|la|del|un|una)\s(?:senora?|muchach[oa]|chic[oa]|tip[oa]|doncito|doncita|don|dona|viejit[oa]|viej[oa]"
    r"|hombre|mujer)\s(?:de\slos|de\slas|del|de\sla)\s[a-z]{3,14}\b"
)
_BARE_AGE = re.compile(
    r"\b(?:chic[oa]|nen[ae]|chamac[oa]|tip[oa]|monja|viejit[oa]|abuelit[oa]|dona|paciente|hij[oa])\sde\s\d{1,3}\b"
    r"|\b\d{1,3}\sanitos?\b"
    r"|(?:^|[,.]\s)\d{1,2}\sanos\b|[a-z][,.]\s[1-9]\d(?=[.,](?:\s|$))(?!,\s?\d)|\b(?:just|only|barely|turned"
    r"|cumplio)\s[1-9]\d?(?=[.,!]|\sanos|$)"
)
_UNIT = re.compile(
    r"\b(?:in|from)\s(?:the\s)?(?:next|other|last|corner|hallway|end)\s(?:bay|bed|room|stretcher|chair|cubicle)\b|"
    r"\b(?:on|in|to|from|up\son|over\son)\s(?:\d{1,2}\s?(?:north|south|east|west|center|tower)|\d{1,2}[nsew]\b"
    r"|(?:the\s)?\d(?:st|nd|rd|th)\sfloor)\b"
    r"|\b\d(?:st|nd|rd|th)\sfloor\b|\bdown\sthe\shall\b|\b(?:corner|window|next|hallway)\sbed\b|\b(?:la|el)\s(?:cama"
    r"|habitacion)\b"
)
_HOUR = re.compile(
    r"\b(?:at|around|by|since|til|until|a\slas|las|my|the)\s(?:[01]?\d|2[0-3]):?[0-5]\d(?:\s?(?:am|pm|hrs"
    r"|h))?\b(?!\s?(?:beds?|patients|people|madison|fifth|east|west|north|south|[a-z]+\s(?:st|ave)))"
    r"|\b(?:[01]?\d)(?::[0-5]\d)?\s?[ap]\.?m\b|\b\d{1,2}\s(?:minutes|hours|hrs|days|weeks|months|dias|horas|semanas"
    r"|meses)\s(?:ago|later|after|on|in|into|of|despues|en|con|peleando|luchando)\b"
    r"|\bhace\s\w{1,6}\s(?:dias|horas|semanas|meses)\b|\b(?:after|tras|despues\sde)\s(?:\d{1,3}|two|three|four|five|six"
    r"|seven|eight|nine|ten|eleven|dos|tres|cuatro|cinco)\s(?:days|weeks|months|hours|dias|semanas|meses)\b"
    r"|\b(?:today|tonight)'s\b|\bthis\s(?:morning|afternoon|week|month)\b|\bdomingo\b"
)
_STREET = re.compile(
    r"\b(?:in|at|on|from|near|outside|by|around|off|en|de|por)\s(?:the\s|la\s|el\s)?(?:\d{1,3}(?:st|nd|rd|th)|(?:1\d\d"
    r"|[2-9]\d))\b(?!\s?(?:%|of\b|patients|years?|anos|days|dias|beds|min|hours|horas|mg|people|birthday|time|anniversary"
    r"|floor|week))"
    r"|\b(?:[a-z]{3,14}|\d{1,3}(?:st|nd|rd|th))\s(?:ave|avenue|blvd|boulevard|parkway|pkwy|tunnel|expressway|concourse"
    r"|terrace|houses)\b"
    r"|\b(?:the\s)?(?:m|q|b|bx)\d{1,3}\sbus\b|\bthe\s[a-z0-9]\strain\b"
)
_FINDERS = (
    ("person_unnamed", _ONE_PERSON),
    ("relation_known", _KNOWN),
    ("occupation", _DOES_FOR_A_LIVING),
    ("room", _ROOM),
    ("epithet", _EPITHET),
    ("rarity", _FIRST),
    ("age", _BARE_AGE),
    ("deed", _DEED),
    ("unit", _UNIT),
    ("time_near", _HOUR),
    ("place", _STREET),
)


def grammar_terms(lower: str) -> Iterator[Term]:
    """Terms found by form in folded lower-case text."""
    for match in _WORKER.finditer(lower):
        if match[1] not in _NO_WORKERS:
            yield Term("occupation", *match.span(1))
    for match in _GREEK.finditer(lower):
        if match[0] not in _NO_GREEK and match.lastgroup:
            yield Term(match.lastgroup, *match.span())
    for group, pattern in _FINDERS:
        for match in pattern.finditer(lower):
            yield Term(group, *match.span())
