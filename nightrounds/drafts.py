"""Before you post: what would be flagged in a draft, which clause asks for it, and what its author can do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.policy import Clause, Policy
from core.records import Finding, Kind, Post, Profile, Reference, Screened, Span
from crawlers._archive.post_lines import PostLine, storable
from nightrounds.screener import Screener


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One finding as its author needs it. `words` are the author's own, one for each span of the finding."""

    finding: Finding
    rule_title: str
    category_title: str
    clause: Clause
    route_title: str
    mend: str
    words: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCheck:
    """What screening a draft came to. What the gate sealed is protected talk: it is held against nobody, and not explained."""

    screened: Screened
    explanations: tuple[Explanation, ...]  # gravest first


def check_draft(
    text: str,
    kind: Kind,
    policy: Policy,
    *,
    platform: str = "website",
    handle: str = "",
    profile: Profile | None = None,
    in_reply_to: str = "",
    screener: Screener | None = None,
) -> DraftCheck:
    """Screen a text that nobody has posted yet, as an account of `kind` would post it.

    The profile is screened with it where one is given; a draft alone says nothing of its author's profile. `screener` spares
    loading the model again.
    """
    reply = Reference(native_id="", text=storable(in_reply_to)) if in_reply_to else None
    line = PostLine(
        id="draft",
        platform=platform,
        handle=handle or None,
        kind=kind,
        profile=profile or Profile(),
        post=Post(platform=platform, account_id="", native_id="draft", text=storable(text), in_reply_to=reply),
    )
    account = line.account()
    post = replace(line.post, account_id=account.id)
    screener = screener or Screener(policy)
    screened = screener.screen_both(account, post) if profile else screener.screen_post(account, post)
    segments = screener.segments_of(account, post)
    shown = sorted((f for f in screened.findings if not f.sealed), key=lambda f: (-f.severity.rank, -f.score, f.rule))
    return DraftCheck(screened=screened, explanations=tuple(_explain(finding, policy, segments) for finding in shown))


def _explain(finding: Finding, policy: Policy, segments: Mapping[str, str]) -> Explanation:
    rule = policy.rule(finding.rule)
    category = rule.category(finding.category)
    return Explanation(
        finding=finding,
        rule_title=rule.title,
        category_title=category.title,
        clause=policy.clause(finding.clause),
        route_title=policy.routes[finding.route].title,
        mend=category.mend,
        words=tuple(_words(span, segments) for span in finding.spans),
    )


def _words(span: Span, segments: Mapping[str, str]) -> str:
    return segments.get(span.segment, "")[span.start : span.end]
