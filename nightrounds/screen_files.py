"""`nightrounds screen` and `nightrounds entities`: posts in, findings or raw entities out, with no database.

The shapes are docs/screen-input.schema.json and docs/screen-output.schema.json; docs/screen.md tells what they mean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import IO, Any

from core.policy import Policy
from core.records import Finding
from crawlers._archive.post_lines import PostLine
from detectors._reader import CONTEXT_SEGMENTS, Reader, entities_of
from nightrounds.deadline import TimeUp, deadline
from nightrounds.jsonl import FileReport, Say, answer_lines
from nightrounds.screener import SECONDS_PER_READING, Screener

Progress = Callable[[int], None]


def screen_file(
    source: Path | IO[bytes],
    out: IO[str],
    say: Say,
    *,
    policy: Policy,
    nlp_configuration: Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> FileReport:
    """Write one line of findings for each post of `source`; see `answer_lines` for arguments, order and errors."""
    return answer_lines(source, out, say, partial(ScreenAnswer, policy, nlp_configuration), workers=workers, progress=progress)


def list_entities(
    source: Path | IO[bytes],
    out: IO[str],
    say: Say,
    *,
    policy: Policy,
    nlp_configuration: Path | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> FileReport:
    """Write one line of raw entities for each post of `source`, before any judgement."""
    return answer_lines(
        source, out, say, partial(EntitiesAnswer, policy, nlp_configuration), workers=workers, progress=progress
    )


class ScreenAnswer:
    """The findings of one post and its author's profile, as a line of output."""

    def __init__(self, policy: Policy, nlp_configuration: Path | None = None) -> None:
        self._screener = Screener(policy, nlp_configuration=nlp_configuration)

    def __call__(self, line: PostLine) -> dict[str, Any]:
        account = line.account()
        post = replace(line.post, account_id=account.id, platform=account.platform)
        screened = self._screener.screen_both(account, post)
        row: dict[str, Any] = {
            "id": line.id,
            "protected": screened.protected,
            "findings": [_finding(finding) for finding in screened.findings],
        }
        return row if screened.not_read is None else {**row, "not_read": screened.not_read}


class EntitiesAnswer:
    """What was recognised in the account's own words: the post and the profile, not what the post answers."""

    def __init__(self, policy: Policy, nlp_configuration: Path | None = None) -> None:
        self._reader = Reader(policy, nlp_configuration=nlp_configuration)

    def __call__(self, line: PostLine) -> dict[str, Any]:
        account = line.account()
        post = replace(line.post, account_id=account.id, platform=account.platform)
        try:
            with deadline(SECONDS_PER_READING):
                reading = self._reader.read_post(account, post)
        except TimeUp:
            return {"id": line.id, "entities": [], "not_read": "time"}
        except Exception as error:
            return {"id": line.id, "entities": [], "not_read": f"reader failed ({type(error).__name__})"}
        own = [entity for entity in entities_of(reading) if entity["segment"] not in CONTEXT_SEGMENTS]
        row = {"id": line.id, "entities": own}
        return row if reading.not_read is None else {**row, "not_read": reading.not_read}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "category": finding.category,
        "severity": finding.severity.value,
        "score": finding.score,
        "spans": [{"segment": s.segment, "start": s.start, "end": s.end} for s in finding.spans],
        "clause": finding.clause,
        "route": finding.route,
        "reason": finding.reason,
        "sealed": finding.sealed,
    }
