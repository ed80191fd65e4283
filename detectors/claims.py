"""Claims that nobody approved (clause 6): cures and guarantees, superiority without a source, and health misinformation.

Read on our own accounts, and on those that are not ours where they speak as if they were. A claim that is hedged, sourced,
asked, reported or refuted is clean, and one that stands over a link to somebody else's page is less ours. Known false claims
stand in a reviewed list with the pages that refute them; the language model hears the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

from core.policy import Policy
from core.records import Finding, Kind, Reading
from core.seams import Detector
from detectors._fold import fold
from detectors._hosts import find_addresses
from detectors._institution import Institution
from detectors._misinformation import FILE, Misinformation
from detectors._sign_points import data_digest, rule_points
from detectors._signs import Page, Sign, Verdicts, Wordings, classes_of, pages_of

_DENIED_BY = {"promise": "negation"}
_OF_THE_WHOLE = ("sourced", "hedged", "refutes", "warmth")
_SPEAKS = 0.5  # probability of the class `speaks_as_us` from which an account that is not ours speaks for us
_MOST_PAGES = 2  # that a reason names
_WHAT = {
    "promise": "May promise a cure, certainty or no risk",
    "superiority": "May call the institution the best, or better than others, without a source",
    "misinformation": "May state as true what medicine knows to be false",
}
_PLAIN = {
    "promise": "words of a cure, guarantee or certainty",
    "superior": "words that put it above others",
    "false_claim": "a claim on the list of known false ones",
}


class ClaimsDetector(Detector):
    """Indicators of medical or institutional claims without support."""

    rule: ClassVar[str] = "claims"
    categories: ClassVar[frozenset[str]] = frozenset({"claims", "promise", "superiority", "misinformation"})
    revision: ClassVar[str] = "2"

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self._institution = Institution(policy)
        self._wordings = Wordings(self.config, denied_by=_DENIED_BY, slots={"us": self._institution.name_pattern})
        self._known = Misinformation(self.config.phrases.get("negation", ()))
        self._verdicts = Verdicts(self, rule_points(self.rule), _WHAT, _PLAIN)

    @property
    def version(self) -> str:
        """The points and the list of false claims are part of it."""
        return f"{super().version}.{data_digest('claims_points.yaml', FILE)}"

    def detect(self, reading: Reading) -> Iterator[Finding]:
        """At most one finding a category."""
        pages = pages_of(reading)
        if not pages or not self._speaks_for_us(reading, pages):
            return
        signs, refuted_by = list[Sign](), dict[str, None]()
        for page in pages:
            signs += self._wordings.signs(page, ("promise", "superior"))
            for claim in self._known.claims_in(page.folded):
                signs.append(Sign("false_claim", page, claim.start, claim.end))
                refuted_by[claim.refuted_by] = None
        names = [sign.name for sign in signs]
        context = [name for name in _OF_THE_WHOLE if any(any(self._wordings.places(page, name)) for page in pages)]
        context += [f"{name}s" for name in ("promise", "superior") if names.count(name) > 1]
        if self._links_to_others(reading):
            context.append("linked")
        for finding in self._verdicts.findings(pages, signs, context, classes_of(reading, pages)):
            yield _with_pages(finding, list(refuted_by)) if finding.category != "superiority" else finding

    def _links_to_others(self, reading: Reading) -> bool:
        """Whether a page of somebody else stands behind the words, as behind a headline that is passed on."""
        links = [text for name, text in reading.by_name.items() if name.startswith("link.")]
        hosts = [address.host for link in links for address in find_addresses(link)]
        hosts += [one.host for one in find_addresses(reading.by_name.get("text", "")) if one.has_scheme]
        own = tuple(domain.lower() for domain in self.policy.institution.domains)
        return any(not f".{host.lower()}".endswith(tuple(f".{domain}" for domain in own)) for host in hosts)

    def _speaks_for_us(self, reading: Reading, pages: list[Page]) -> bool:
        """Our own accounts do; another where its name or voice is ours, and it does not say that it is somebody else."""
        if reading.account.kind is not Kind.UNOFFICIAL:
            return True
        names, about = reading.by_name, fold("\n".join(reading.by_name.get(name, "") for name in ("display_name", "bio")))
        if self._wordings.has("not_us", about.lower):
            return False
        shown = fold(names.get("display_name", ""))
        named = self._institution.is_named_in(names.get("handle", "")) or any(
            m.strong for m in self._institution.own_mentions(shown)
        )
        voiced = any(any(self._wordings.places(page, "our_voice")) for page in pages)
        mentioned = any(mention.strong for page in pages for mention in self._institution.own_mentions(page.folded))
        return (
            (named and not self._institution.means_a_namesake(about))
            or (voiced and mentioned)
            or reading.classes.get("speaks_as_us", 0.0) >= _SPEAKS
        )


def _with_pages(finding: Finding, refuted_by: list[str]) -> Finding:
    """With the pages that refute what was found of the list."""
    pages = "; ".join(refuted_by[:_MOST_PAGES])
    return replace(finding, reason=f"{finding.reason} Compare {pages}.") if pages else finding
