"""Builds detectors/_data/candidates.tsv: people who hold or stood for public office, with places, dates and sources.

    python training/gazetteers/build_candidates.py ../shared/data detectors/_data/candidates.tsv

Reads what it finds of gaz_us_congress (unitedstates/congress-legislators, CC0), gaz_us_state_officials (openstates/people, CC0)
and gaz_us_candidates/fivethirtyeight (fivethirtyeight/data, CC-BY-4.0). The other files of gaz_us_candidates may not be shipped
and are never opened. The same input gives the same bytes.

One line a person and state: names, handles, standings, sources, 'common' where the name alone could be anybody. A standing is
`=office/place/from/until` (holds it) or `+office/place/from/until` (stands for it); a date left empty is not known. That the
holder of a seat stands for it again is presumed for the year before that seat's election.
"""

from __future__ import annotations

import csv
import re
import sys
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

SINCE = "2015-01-01"  # standings that ended before are history
CAMPAIGN = timedelta(days=365)
COMMON_SURNAME, COMMON_FIRST_NAME = 8, 40  # how often among the people listed here
SUFFIX = re.compile(r",?\s+(?:jr|sr|ii|iii|iv|md|phd|esq)\.?$", re.IGNORECASE)
STATES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO", "Connecticut":
    "CT", "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID", "Illinois": "IL", "Indiana":
    "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME", "Maryland": "MD",
    "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS", "Missouri": "MO", "Montana": "MT",
    "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY",
    "North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA",
    "Rhode Island": "RI", "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX", "Utah": "UT",
    "Vermont": "VT", "Virginia": "VA", "Washington": "WA", "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY",
}  # fmt: skip
TERMS = {"sen": "senator", "rep": "representative", "prez": "president", "viceprez": "vice-president"}
RACES = {
    "senator": "senator",
    "representative": "representative",
    "governor": "governor",
    "attorney general": "attorney-general",
}


@dataclass
class Person:
    """What the sources together say of one name in one state."""

    names: list[str] = field(default_factory=list)
    handles: set[str] = field(default_factory=set)
    standings: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)


class Roll:
    """The people found so far, by plain name and state."""

    def __init__(self) -> None:
        self.people: dict[tuple[str, str], Person] = {}

    def enter(self, names: list[str], state: str, source: str, standing: str | None, handles: tuple[str, ...] = ()) -> None:
        cleaned = [name for name in map(clean_name, names) if len(name.split()) > 1]
        if not cleaned:
            return
        person = self.people.setdefault((plain(cleaned[0]), state), Person())
        known = {plain(name) for name in person.names}
        for name in cleaned:
            if plain(name) not in known:
                known.add(plain(name))
                person.names.append(name)
        person.handles |= {h.lstrip("@") for h in handles if re.fullmatch(r"@?\w{4,15}", h)}
        person.sources.add(source)
        if standing:
            person.standings.add(standing)


def plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z]+", letters))


def clean_name(name: str) -> str:
    """'Jane "Jo" Q. Roe, Jr. (Ohio)' becomes 'Jane Roe': first and last name as a post would write them."""
    name = re.sub(r"\([^)]*\)|\"[^\"]*\"|“[^”]*”", " ", name)
    name = SUFFIX.sub("", " ".join(name.split()))
    name = SUFFIX.sub("", name)
    words = [w for w in name.split() if not re.fullmatch(r"[A-Z]\.?", w)] or name.split()
    return " ".join(words)


def election_day(year: int) -> date:
    """The Tuesday after the first Monday of November (2 U.S.C. 7)."""
    first = date(year, 11, 1)
    return first + timedelta(days=(7 - first.weekday()) % 7 + 1)


def standing(sign: str, office: str, place: str, start: date | str, end: date | str) -> str | None:
    if end and str(end) < SINCE:
        return None
    return f"{sign}{office}/{place}/{start}/{end}"


def candidacy(office: str, place: str, day: date) -> str | None:
    return standing("+", office, place, day - CAMPAIGN, day)


def enter_congress(folder: Path, roll: Roll) -> None:
    accounts = {
        person["id"]["bioguide"]: person["social"].get("twitter")
        for person in _yaml(folder / "legislators-social-media.yaml")
        if "bioguide" in person["id"]
    }
    for file in ("legislators-current.yaml", "executive.yaml"):
        for person in _yaml(folder / file):
            name, handle = person["name"], accounts.get(person["id"].get("bioguide"))
            firsts = [name.get("nickname"), name["first"]]
            names = [name.get("official_full", ""), *(f"{first} {name['last']}" for first in firsts if first)]
            for term in person["terms"]:
                office, state = TERMS[term["type"]], term.get("state", "US")
                place = f"{state}-{term['district']}" if "district" in term else state
                start, end = date.fromisoformat(term["start"]), date.fromisoformat(term["end"])
                won = election_day(start.year - 1) if start.month == 1 else start
                again = election_day(end.year - 1) if end.month == 1 else end
                days = {won, again} if office in {"senator", "representative"} else {won}
                for entry in (standing("=", office, place, start, end), *(candidacy(office, place, day) for day in days)):
                    if entry:
                        roll.enter(names, state, "congress", entry, (handle,) if handle else ())


def enter_states(file: Path, roll: Roll) -> None:
    offices = {"lower": "state-legislator", "upper": "state-legislator", "legislature": "state-legislator"}
    for row in _rows(file):
        state, role = row["state"].upper(), row["role"]
        if state == "US":
            continue  # Congress again, without dates
        office = offices.get(role, role)
        if row["kind"] == "executive":
            office = "governor" if role == "governor" else "statewide"
        place = row["jurisdiction"].rpartition("place:")[2].split("/")[0] if "place:" in row["jurisdiction"] else state
        others = [n for n in row["other_names"].split("|") if re.fullmatch(r"[A-Z][a-z]+ [A-Z][\w'-]+", n)]
        names = [row["name"], *others[:3]]
        roll.enter(names, state, "states", f"={office}/{place}//", (row["twitter"],) if row["twitter"] else ())


def enter_primaries(folder: Path, roll: Roll) -> None:
    for year in (2018, 2022):
        stem = "primary-candidates" if year == 2018 else "primary-project"
        for party in ("dem", "rep"):
            for row in _rows(folder / f"{stem}-{year}_{party}_candidates.csv"):
                office = (row.get("Office Type") or row.get("Office") or "").lower().partition(" (")[0]
                won = row.get("Won Primary") == "Yes" or row.get("Primary Outcome") == "Won"
                primary = _american_date(row.get("Race Primary Election Date") or row.get("Primary Date") or "")
                day = election_day(year) if won or primary is None else primary
                state = STATES.get(row["State"], row["State"])
                roll.enter([row["Candidate"]], state, "538", candidacy(RACES[office], _place(row, state, office), day))
    for row in _rows(folder / "election-deniers_fivethirtyeight_election_deniers.csv"):
        state, office = STATES.get(row["State"], row["State"]), row["Office"].lower().partition(" (")[0]
        seat = candidacy(RACES.get(office, "statewide"), _place(row, state, office), election_day(2022))
        roll.enter([row["Candidate"]], state, "538", seat)


def _place(row: dict[str, str], state: str, office: str) -> str:
    """'NY-25', also from 'U.S. House New York District 25'."""
    return f"{state}-{row['District'].split()[-1]}" if office == "representative" and row["District"] else state


def _yaml(file: Path) -> list[dict[str, Any]]:
    return list(yaml.load(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)) if file.is_file() else []


def _rows(file: Path) -> Iterator[dict[str, str]]:
    if not file.is_file():
        return
    data = file.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    yield from csv.DictReader(text.splitlines())


def _american_date(text: str) -> date | None:
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/(\d{2})", text.strip())
    return date(2000 + int(match[3]), int(match[1]), int(match[2])) if match else None


def joined_terms(standings: set[str]) -> list[str]:
    """Terms of one seat that follow each other without a gap, written as one."""
    joined: list[list[str]] = []
    for entry in sorted(standings):
        seat, place, start, end = entry.split("/")
        if joined and seat.startswith("=") and joined[-1][:2] == [seat, place] and start and joined[-1][3] == start:
            joined[-1][3] = end
        else:
            joined.append([seat, place, start, end])
    return ["/".join(entry) for entry in joined]


def lines(roll: Roll) -> Iterator[str]:
    surnames: Counter[str] = Counter()
    firsts: Counter[str] = Counter()
    for key, _ in roll.people:
        firsts[key.split()[0]] += 1
        surnames[key.split()[-1]] += 1
    for (key, _), person in sorted(roll.people.items()):
        if not person.standings:
            continue
        words = key.split()
        common = surnames[words[-1]] >= COMMON_SURNAME and firsts[words[0]] >= COMMON_FIRST_NAME
        yield "\t".join(
            (
                "|".join(person.names),
                "|".join(sorted(person.handles)),
                ";".join(joined_terms(person.standings)),
                ",".join(sorted(person.sources)),
                "common" if common else "",
            )
        )


def main(data: Path, target: Path) -> None:
    roll = Roll()
    enter_congress(data / "gaz_us_congress", roll)
    enter_states(data / "gaz_us_state_officials" / "openstates_people.csv", roll)
    enter_primaries(data / "gaz_us_candidates" / "fivethirtyeight", roll)
    header = (
        "# names\thandles\tstandings\tsources\tcommon; made by training/gazetteers/build_candidates.py, licences in SOURCE.md"
    )
    target.write_text("\n".join([header, *lines(roll)]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: build_candidates.py DATA_FOLDER TARGET.tsv")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
