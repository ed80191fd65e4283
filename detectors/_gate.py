"""The protected-activity gate: seals what must not be seen on an account of personnel because its post is protected talk.

Employees may speak together and in public of pay, staffing, schedules, safety, unions and every other working condition, and
may report to authorities, in whatever tone (the policy's carve-out; National Labor Relations Act, section 7). High recall is
meant: when in doubt, a post is protected. The result says whether, never what was recognised, so that nothing can be searched
or counted by it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

import re2

from core.policy import Policy
from core.records import Finding, PostType, Reading, Screened
from detectors._fold import fold
from detectors._phrases import compile_phrases

_PLAIN = "plain"  # the topic whose phrases need no signal
_OWN_WORDS = ("title", "text", "summary")
_PROFILE_WORDS = ("display_name", "bio")
_CONTEXT = ("in_reply_to", "quote_of")
_LONGEST = 1 << 20  # characters of a segment that are read; a Reader calls longer ones not read

_PLAIN_SCORE, _TOPIC_SCORE, _SECOND_TOPIC = 0.7, 0.3, 0.15
_SIGNAL_SCORES = {"coworkers": 0.2, "employer": 0.3, "grievance": 0.2}
_SPEAKER_SCORE = 0.15  # 'my', 'our', or a place of work: alone too little
_RECRUITING = 0.4  # taken away: the employer's own voice


class Gate:
    """One policy's gate. Kinds of account outside `policy.gate.kinds` pass it untouched."""

    revision: ClassVar[str] = "1"  # raised when the code would judge differently: history is then read again

    def __init__(self, policy: Policy) -> None:
        self._config = policy.gate
        self._seals = frozenset(policy.gate.seals)
        self._plain = compile_phrases(policy.gate.topics.get(_PLAIN, ()))
        self._topics = [compile_phrases(phrases) for topic, phrases in policy.gate.topics.items() if topic != _PLAIN]
        self._signals = {name: compile_phrases(phrases) for name, phrases in policy.gate.signals.items()}

    def screen(self, reading: Reading, findings: Iterable[Finding], not_read: str | None = None) -> Screened:
        """The findings with those of `policy.gate.seals` sealed where the reading is protected talk; PHI passes as it is."""
        held = tuple(findings)
        protected = self.protects(reading) or (self._unread(reading) and any(f.rule in self._seals for f in held))
        passed = tuple(self._seal(f) if protected and f.rule in self._seals else f for f in held)
        return Screened(protected=protected, findings=passed, not_read=not_read or reading.not_read)

    def protects(self, reading: Reading) -> bool:
        """Whether what the account says here is protected talk."""
        if reading.account.kind not in self._config.kinds:
            return False
        own = "\n".join(s.text[:_LONGEST] for s in reading.segments if _is_own(s.name, reading))
        if self._is_protected(own):
            return True
        context = self._context(reading)
        joins = not own.strip() or any(self._has(signal, self._read(own)) for signal in ("own", "joining"))
        return bool(context) and joins and self._is_protected(context)

    def _unread(self, reading: Reading) -> bool:
        """What the gate can't read it can't clear: own words in a language that nothing here knows."""
        if reading.account.kind not in self._config.kinds:
            return False
        return any(s.not_read == "language" and _is_own(s.segment, reading) for s in reading.signals.values())

    def _context(self, reading: Reading) -> str:
        """The words that a post answers, quotes or repeats: a short 'same here' joins in what coworkers said."""
        texts = [s.text[:_LONGEST] for s in reading.segments if s.name in _CONTEXT]
        post = reading.post
        if post and post.type is PostType.REPOST and post.repost_of:
            texts.append(post.repost_of.text[:_LONGEST])
        return "\n".join(texts)

    def _is_protected(self, text: str) -> bool:
        return bool(text.strip()) and self._score(self._read(text)) >= self._config.threshold

    def _score(self, text: str) -> float:
        score = _PLAIN_SCORE if self._plain and self._plain.search(text) else 0.0
        topics = sum(1 for topic in self._topics if topic and topic.search(text))
        speaks = self._has("own", text) or self._has("workplace", text)
        heard = sum(worth for signal, worth in _SIGNAL_SCORES.items() if self._has(signal, text)) + _SPEAKER_SCORE * speaks
        spoken_of = _TOPIC_SCORE * (topics > 0) + _SECOND_TOPIC * (topics > 1)
        score = max(score, spoken_of + heard)
        return round(score - _RECRUITING * self._has("recruiting", text), 4)

    def _has(self, signal: str, text: str) -> bool:
        pattern = self._signals.get(signal)
        return bool(pattern and pattern.search(text))

    def _read(self, text: str) -> str:
        """Folded lower case, hashtags as words, without words that mean something else."""
        lower = _CAMEL.sub(r"\1 \2", fold(text).text).replace("#", " ").lower()
        other = self._signals.get("other_senses")
        return str(other.sub(" . ", lower)) if other else lower

    def _seal(self, finding: Finding) -> Finding:
        return replace(finding, sealed=True, route=self._config.route)


_CAMEL = re2.compile(r"([a-z])([A-Z])")


def _is_own(name: str, reading: Reading) -> bool:
    """The post's own words; of a profile, the profile's. A bio does not make every post of its owner protected, or none."""
    if reading.post is None:
        return name in _PROFILE_WORDS
    return name in _OWN_WORDS or name.endswith(".alt_text")
