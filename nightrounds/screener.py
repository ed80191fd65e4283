"""One post or profile in, what the gate lets through out: the one way of reading that the nightly scan and `screen` share."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from core.errors import ConfigError
from core.policy import Policy
from core.records import Account, Finding, FindingScope, Kind, Post, Reading, Screened
from core.registry import discover
from core.seams import Detector
from core.terms import BARRED, Terms
from detectors._gate import Gate
from detectors._reader import Reader, post_segments, profile_segments
from nightrounds.deadline import TimeUp, deadline

log = logging.getLogger(__name__)

SECONDS_PER_READING = 20.0  # a thousand times what a long post takes


_ENTRY = {FindingScope.POST: "detect", FindingScope.PROFILE: "detect_profile"}


def detector_classes() -> dict[str, type[Detector]]:
    """Every detector there is, by rule."""
    return discover("detectors", Detector, "rule")


def rules_without_detector(policy: Policy) -> list[str]:
    """Rules of the policy file that no detector serves: nothing is ever found under them."""
    return sorted(policy.rules.keys() - detector_classes().keys())


def detectors_without_rule(policy: Policy) -> list[str]:
    """Detectors that the policy file has no entry for, their own or one that they borrow from: they don't run."""
    return sorted(rule for rule, detector in detector_classes().items() if not _has_rules(policy, detector))


def _require_known(terms: Terms, policy: Policy) -> None:
    known = {*policy.rules, *detector_classes()}
    if unknown := sorted(terms.barred_rules - known):
        raise ConfigError(
            f"platform terms: barred_inferences: there is no rule {', '.join(unknown)}; there are {', '.join(sorted(known))}"
        )


def _has_rules(policy: Policy, detector: type[Detector]) -> bool:
    return {detector.rule, *detector.borrows} <= policy.rules.keys()


@dataclass(frozen=True, slots=True)
class _Read:
    """A reading with what its detectors found, before the gate."""

    reading: Reading | None
    findings: tuple[Finding, ...]
    not_read: tuple[str, ...]


class Screener:
    """Reads, detects and gates. Make one a process and keep it: the model is loaded once.

    A detector that raises, or a reading that takes longer than `seconds`, makes the result 'not read' and never stops anything.
    A detector whose rule the policy leaves out does not run, nor one that the platform's terms bar on this kind of account;
    without `terms` nothing is barred. `nlp_configuration` names another model for names.

    Raises:
        ConfigError: the terms bar a rule that there is not (misspelt, it would run), or the language model can't be used.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        terms: Terms | None = None,
        detectors: Mapping[str, type[Detector]] | None = None,
        seconds: float = SECONDS_PER_READING,
        nlp_configuration: Path | None = None,
    ) -> None:
        classes = detector_classes() if detectors is None else detectors
        self._terms = terms
        if terms is not None:
            _require_known(terms, policy)
        self._detectors = {rule: d(policy) for rule, d in classes.items() if _has_rules(policy, d)}
        self._seconds = seconds
        self._policy = policy
        self._nlp_configuration = nlp_configuration
        self._gate = Gate(policy)

    @cached_property
    def _reader(self) -> Reader:
        """Made when something is to be read: it takes seconds, and a night with nothing new needs none."""
        return Reader(self._policy, nlp_configuration=self._nlp_configuration)

    def versions_for(self, kind: Kind, scope: FindingScope, platform: str = "") -> dict[str, str]:
        """Rule and version of everything that reads this scope of accounts of this kind; reader, model and gate are part of it.

        Where the platform's terms bar a rule, its version says so: what was read so was not read by that rule.
        """
        shared = f"r{Reader.version(self._nlp_configuration)}.g{Gate.revision}"
        wanted = {rule: d for rule, d in self._detectors.items() if kind in d.config.kinds and _reads(d, scope)}
        return {
            rule: BARRED if self._is_barred(rule, platform, kind) else f"{detector.version}+{shared}"
            for rule, detector in wanted.items()
        }

    def _is_barred(self, rule: str, platform: str, kind: Kind) -> bool:
        return self._terms is not None and self._terms.of(platform).bars(rule, kind)

    def screen_post(self, account: Account, post: Post, rules: Collection[str] | None = None) -> Screened:
        """What one post comes to; `rules` narrows which detectors run."""
        return self._through_gate(self._read_post(account, post, rules))

    def screen_profile(self, account: Account, rules: Collection[str] | None = None) -> Screened:
        """What an account's profile comes to."""
        return self._through_gate(self._read_profile(account, rules))

    def screen_both(self, account: Account, post: Post) -> Screened:
        """Post and profile in one result, for a line that was handed over whole. `protected` is the gate's word on the post.

        What the post's gate seals, it seals on the profile's findings too: they stand in one line, before one reader.
        """
        profile = self.screen_profile(account)
        read = self._read_post(account, post, None)
        failures = dict.fromkeys((*read.not_read, *([profile.not_read] if profile.not_read else [])))
        return self._through_gate(_Read(read.reading, (*read.findings, *profile.findings), tuple(failures)))

    def segments_of(self, account: Account, post: Post | None) -> Mapping[str, str]:
        """The texts that spans of this post's findings (or of the profile's, where `post` is None) lie in, by segment."""
        segments = post_segments(account, post) if post else profile_segments(account)
        return {segment.name: segment.text for segment in segments}

    def is_protected_talk(self, text: str) -> bool:
        """Whether these words by themselves are talk that the gate protects."""
        return self._gate.tells(text)

    def _read_post(self, account: Account, post: Post, rules: Collection[str] | None) -> _Read:
        reader = self._reader  # made before the clock starts
        return self._read(account, FindingScope.POST, rules, lambda: reader.read_post(account, post))

    def _read_profile(self, account: Account, rules: Collection[str] | None) -> _Read:
        reader = self._reader
        return self._read(account, FindingScope.PROFILE, rules, lambda: reader.read_profile(account))

    def _read(self, account: Account, scope: FindingScope, rules: Collection[str] | None, read: Callable[[], Reading]) -> _Read:
        reading, findings, failures = None, list[Finding](), list[str]()
        try:
            with deadline(self._seconds):
                reading = read()
                if reading.not_read:
                    failures.append(reading.not_read)
                for rule, detector in self._detectors.items():
                    if self._is_barred(rule, account.platform, account.kind):
                        continue
                    if (rules is None or rule in rules) and _reads(detector, scope) and detector.applies_to(account):
                        self._run(detector, scope, reading, findings, failures)
        except TimeUp:
            failures.append("time")
        except Exception as error:
            failures.append(_failure("reader", error))
        return _Read(reading, tuple(findings), tuple(dict.fromkeys(failures)))

    def _run(
        self, detector: Detector, scope: FindingScope, reading: Reading, findings: list[Finding], failures: list[str]
    ) -> None:
        found: Iterable[Finding]
        try:
            found = detector.detect(reading) if scope is FindingScope.POST else detector.detect_profile(reading)
            findings.extend(list(found))
        except Exception as error:
            failures.append(_failure(detector.rule, error))

    def _through_gate(self, read: _Read) -> Screened:
        not_read = "; ".join(read.not_read) or None
        if read.reading is None:
            return Screened(protected=False, findings=(), not_read=not_read)
        try:
            with deadline(self._seconds):
                return self._gate.screen(read.reading, read.findings, not_read)
        except TimeUp:
            failure = "gate: time"
        except Exception as error:
            failure = _failure("gate", error)
        # Findings that no gate has seen are shown to nobody: the text counts as not read, and a person is told so.
        return Screened(protected=False, findings=(), not_read="; ".join((*read.not_read, failure)))


def _reads(detector: Detector, scope: FindingScope) -> bool:
    """Whether this detector has anything to say of posts, or of profiles."""
    entry = _ENTRY[scope]
    return getattr(type(detector), entry) is not getattr(Detector, entry)


def _failure(part: str, error: Exception) -> str:
    """An exception's own text may quote the post, so only its class is told."""
    log.warning("%s failed on one text: %s", part, type(error).__name__)
    return f"{part} failed ({type(error).__name__})"
