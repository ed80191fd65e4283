"""The protected-activity gate: seals what must not be seen on an account of personnel because its post is protected talk.

Employees may speak together and in public of pay, staffing, schedules, safety, unions and every other working condition, and
may report to authorities, in whatever tone (the policy's carve-out; National Labor Relations Act, section 7). High recall is
meant: when in doubt, a post is protected. The result says whether, never what was recognised, so that nothing can be searched
or counted by it.

Two readings are added as log odds: the policy's phrases, by how far they are from its threshold, and the language model's
class 'protected'. Half of such talk holds no telling word, and much other talk holds some, so the model weighs more; but a
phrase that speaks of working conditions by itself seals whatever the model says, and where it does not speak, the phrases
decide alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain, islice
from typing import ClassVar

from core.policy import Policy
from core.records import Finding, PostType, Reading, Screened
from detectors._gate_text import GateText, windows, words_of_address
from detectors._language import load_languages
from detectors._phi_voice import odds
from detectors._phrases import compile_phrases

_PLAIN = "plain"  # the topic whose phrases need no signal
_PERHAPS = "perhaps"  # the topic of words that mean other things as well
_OTHER_SENSES = "other_senses"  # the signal that is taken out before anything is read
_OWN_WORDS = ("title", "text", "summary")
_PROFILE_WORDS = ("display_name", "bio")
_LINK = "link."
_CONTEXT = ("in_reply_to", "quote_of")
_LONGEST = 1 << 20  # characters of a segment that are read; a Reader calls longer ones not read

# What is heard together adds up: a subject, who speaks, whom it is about, and a complaint or a call to act. The weights
# follow a logistic regression over written examples and public posts, rounded by hand.
_PLAIN_SCORE, _TOPIC_SCORE, _SECOND_TOPIC = 0.7, 0.35, 0.2
_PERHAPS_SCORES = (0.1, 0.1)  # the first such word and the second
_PERHAPS_READ = 8  # of these words in a window, the most that are looked at
_SIGNAL_SCORES = {
    "employer": 0.2,
    "coworkers": 0.2,
    "organising": 0.2,
    "workplace": 0.1,
    "own": 0.1,
    "grievance": 0.1,
    "unease": 0.1,
    "they": 0.1,
    "quantity": 0.1,
}
_WORK = frozenset({"employer", "coworkers", "workplace"})
_COMPLAINTS = frozenset({"grievance", "unease", "organising", "they", "quantity"})
_WORK_COMPLAINED_OF = 0.2
_GLADNESS, _GLAD_ONLY = 0.1, 0.4  # taken away, the second where nothing complains
_SLOTS = {"few": r"\b[1-9]\d?"}  # as many as one person can have to do with: not 844 patients, and no year
_RECRUITING = 0.4  # taken away: the employer's own voice

_CLASS = "protected"
_A_STEP = 10.0  # log odds that the phrases come to for one whole point beyond their threshold
_LEAST_TOLD = -0.7  # phrases that are not there say little
_CERTAIN = 2.5  # what a `plain` phrase at the threshold of 0.45 comes to, or hints as strong: no model outvotes it
_IN_DOUBT = 2.4  # log odds added, because what is sealed in error still reaches counsel, and what is not can't be taken back


class Gate:
    """One policy's gate. Kinds of account outside `policy.gate.kinds` pass it untouched."""

    revision: ClassVar[str] = "5"  # raised when the code would judge differently: history is then read again

    def __init__(self, policy: Policy) -> None:
        self._config = policy.gate
        self._seals = frozenset(policy.gate.seals)
        self._passes = frozenset(policy.gate.passes)
        self._plain = compile_phrases(policy.gate.topics.get(_PLAIN, ()), _SLOTS)
        self._perhaps = compile_phrases(policy.gate.topics.get(_PERHAPS, ()), _SLOTS)
        special = (_PLAIN, _PERHAPS)
        self._topics = [
            compile_phrases(phrases, _SLOTS) for topic, phrases in policy.gate.topics.items() if topic not in special
        ]
        signals = policy.gate.signals
        phrases = chain(*policy.gate.topics.values(), *(signals[name] for name in signals if name != _OTHER_SENSES))
        self._text = GateText(phrases, signals.get(_OTHER_SENSES, ()))
        self._signals = {name: compile_phrases(phrases, _SLOTS) for name, phrases in signals.items()}

    def screen(self, reading: Reading, findings: Iterable[Finding], not_read: str | None = None) -> Screened:
        """The findings, with those of `gate.seals` sealed where the reading is protected talk; what `gate.passes` names passes.

        What passes is shown without the protected part: see nightrounds.protected_words.
        """
        held = tuple(findings)
        protected = self.protects(reading) or (self._unread(reading) and any(map(self._is_sealable, held)))
        passed = tuple(self._seal(f) if protected and self._is_sealable(f) else f for f in held)
        return Screened(protected=protected, findings=passed, not_read=not_read or reading.not_read)

    def protects(self, reading: Reading) -> bool:
        """Whether what the account says here is protected talk."""
        if reading.account.kind not in self._config.kinds:
            return False
        own = self._own(reading)
        if self._log_odds(own, reading) >= 0.0 or self._told(self._linked(reading)) >= 0.0:
            return True
        context = self._context(reading)
        joins = not own.strip() or any(self._has(signal, self._text.read(own)) for signal in ("own", "joining"))
        return bool(context) and joins and self._told(context) >= 0.0

    def tells(self, text: str) -> bool:
        """Whether the phrases alone take this text for protected talk, whoever wrote it."""
        return self._told(text) >= 0.0

    def _log_odds(self, own: str, reading: Reading) -> float:
        """How surely the own words are protected talk: phrases and model; phrases alone where the model did not read it all."""
        told = self._told(own)
        heard = reading.classes.get(_CLASS)
        if (
            heard is None
            or told >= _CERTAIN
            or not own.strip()
            or any(s.not_read and _is_own(s.segment, reading) for s in reading.signals.values())
        ):
            return told
        return max(told, _LEAST_TOLD) + odds(heard) + _IN_DOUBT

    def _is_sealable(self, finding: Finding) -> bool:
        return finding.rule in self._seals and f"{finding.rule}/{finding.category}" not in self._passes

    def _unread(self, reading: Reading) -> bool:
        """What the gate can't read it can't clear: a sizeable part of the own words in a language that nothing here knows."""
        if reading.account.kind not in self._config.kinds:
            return False
        if any(s.not_read == "language" and _is_own(s.segment, reading) for s in reading.signals.values()):
            return True
        return load_languages().unread_letters(self._own(reading))[0] > 0

    def _own(self, reading: Reading) -> str:
        return "\n".join(s.text[:_LONGEST] for s in reading.segments if _is_own(s.name, reading))

    def _linked(self, reading: Reading) -> str:
        """The words of the addresses that a post links to: a petition says in its own what it is for."""
        links = (s.text for s in reading.segments if reading.post and s.name.startswith(_LINK))
        return "\n".join(words_of_address(link[:_LONGEST]) for link in links)

    def _context(self, reading: Reading) -> str:
        """The words that a post answers, quotes or repeats: a short 'same here' joins in what coworkers said."""
        texts = [s.text[:_LONGEST] for s in reading.segments if s.name in _CONTEXT]
        post = reading.post
        if post and post.type is PostType.REPOST and post.repost_of:
            texts.append(post.repost_of.text[:_LONGEST])
        return "\n".join(texts)

    def _told(self, text: str) -> float:
        """What the phrases of `text` come to, as log odds: 0 at the policy's threshold."""
        if not text.strip():
            return -_A_STEP
        best = max(map(self._score, windows(self._text.read(text))))
        return _A_STEP * (best - self._config.threshold)

    def _score(self, text: str) -> float:
        if self._plain and self._plain.search(text):
            score = _PLAIN_SCORE
        else:
            topics = sum(1 for topic in self._topics if topic and topic.search(text))
            spoken_of = _TOPIC_SCORE * (topics > 0) + _SECOND_TOPIC * (topics > 1)
            spoken_of += sum(_PERHAPS_SCORES[: self._perhapses(text)])
            heard = {signal for signal in _SIGNAL_SCORES if self._has(signal, text)}
            score = spoken_of + sum(_SIGNAL_SCORES[signal] for signal in heard)
            complains = not heard.isdisjoint(_COMPLAINTS)
            if complains and not heard.isdisjoint(_WORK):
                score += _WORK_COMPLAINED_OF
            if self._has("gladness", text):
                score -= _GLADNESS + (0.0 if complains else _GLAD_ONLY)
        return round(score - _RECRUITING * self._has("recruiting", text), 4)

    def _perhapses(self, text: str) -> int:
        """How many different words of the kind stand in a window, of the first few."""
        return len({match[0] for match in islice(self._perhaps.finditer(text), _PERHAPS_READ)}) if self._perhaps else 0

    def _has(self, signal: str, text: str) -> bool:
        pattern = self._signals.get(signal)
        return bool(pattern and pattern.search(text))

    def _seal(self, finding: Finding) -> Finding:
        return replace(finding, sealed=True, route=self._config.route)


def _is_own(name: str, reading: Reading) -> bool:
    """The post's own words; of a profile, the profile's. A bio does not make every post of its owner protected, or none."""
    if reading.post is None:
        return name in _PROFILE_WORDS
    return name in _OWN_WORDS or name.endswith(".alt_text")
