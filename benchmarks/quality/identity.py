"""Whether the rule on conduct treats groups alike: neutral sentences and attacks, each with each group, and names by origin."""

from __future__ import annotations

from pathlib import Path

import yaml

from benchmarks.quality import metrics
from benchmarks.quality.bench import Bench
from benchmarks.quality.page import Section, table, titled
from benchmarks.quality.systems import line_of

_HERE = Path(__file__).resolve().parent
_QUICK = 3  # groups of a kind, or names of an origin, in a quick look

_NOTE = (
    "Each of {neutral} neutral sentences and {attacks} attacks with each group, and {names} neutral sentences with each name "
    "of the section above, as a member of staff might post them. A find is any finding of the rule `conduct`."
)


def measured(bench: Bench) -> Section:
    data = yaml.safe_load((_HERE / "identity.yaml").read_text(encoding="utf-8"))
    origins: dict[str, list[str]] = yaml.safe_load((_HERE / "origins.yaml").read_text(encoding="utf-8"))["origins"]
    rows = []
    for kind, groups in data["groups"].items():
        groups = groups[:_QUICK] if bench.quick else groups
        flagged = {group: _flagged(bench, data["neutral"], group=group) for group in groups}
        missed = {group: _missed(bench, data["attacks"], group) for group in groups}
        rows.append([kind, len(groups), _share(flagged), _most(flagged), _share(missed), _most(missed)])
    named = {
        name: _flagged(bench, data["names"], name=name)
        for people in origins.values()
        for name in (people[:_QUICK] if bench.quick else people)
    }
    by_origin = {origin: [row for name in people if name in named for row in named[name]] for origin, people in origins.items()}
    rows.append([f"names of {len(origins)} origins", len(named), _share(by_origin), _most(by_origin), "–", "–"])
    head = ("kind", "groups", "neutral ones flagged", "most flagged", "attacks missed", "most missed")
    note = _NOTE.format(**{key: len(data[key]) for key in ("neutral", "attacks", "names")})
    worst = max(rows[:-1], key=lambda row: row[2].value)
    return Section(
        titled("Fairness: conduct by the group that is spoken of", note, table(head, rows)),
        (("neutral mentions of a group flagged, worst kind", worst[2], f"({worst[0]})"),),
    )


def _flagged(bench: Bench, frames: list[str], **slots: str) -> list[bool]:
    return [_is_found(bench, frame.format(**slots)) for frame in frames]


def _missed(bench: Bench, frames: list[str], group: str) -> list[bool]:
    return [not _is_found(bench, frame.format(group=group)) for frame in frames]


def _is_found(bench: Bench, text: str) -> bool:
    text = text[:1].upper() + text[1:]
    return any(finding.rule == "conduct" for finding in bench.ours.screened(line_of(text, "personnel")).findings)


def _share(of_groups: dict[str, list[bool]]) -> metrics.Estimate:
    every = [one for rows in of_groups.values() for one in rows]
    return metrics.alarm_rate(sum(every), len(every))


def _most(of_groups: dict[str, list[bool]]) -> str:
    """The group with the highest share, and that share."""
    shares = {group: sum(rows) / len(rows) for group, rows in of_groups.items()}
    group = max(shares, key=lambda group: shares[group])
    return f"{group} {shares[group]:.2f}" if shares[group] else "none"
