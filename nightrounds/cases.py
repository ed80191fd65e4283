"""Which findings become work: what opens a case, what joins one that is open, and by when it must be looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from core.policy import Policy
from core.records import FindingScope
from storage import cases
from storage.findings import StoredFinding
from storage.transaction import Transaction


def case_key(policy: Policy, stored: StoredFinding) -> str | None:
    """The case that a finding belongs to; None when its severity alone makes no work.

    Findings on one post for one desk are one case. What concerns the profile is one case an account, and so is a rule that
    the policy wants to be one reminder to a person. Sealed findings never share a case with open ones.
    """
    finding = stored.finding
    rule = policy.rule(finding.rule)
    if finding.severity.rank < rule.opens_case_from.rank:
        return None
    desk = f"{finding.route}/sealed" if finding.sealed else finding.route
    if rule.one_case_per_account:
        return f"{desk}/{finding.rule}/account/{stored.account.id}"
    if finding.scope is FindingScope.PROFILE or stored.post_id is None:
        return f"{desk}/account/{stored.account.id}"
    return f"{desk}/post/{stored.post_id}"


def open_cases(tx: Transaction, policy: Policy, findings: Sequence[StoredFinding]) -> int:
    """Open or join cases for `findings` within the caller's transaction; returns how many unsealed ones were opened."""
    by_key: dict[str, list[StoredFinding]] = defaultdict(list)
    for stored in findings:
        key = case_key(policy, stored)
        if key is not None:
            by_key[key].append(stored)
    opened = 0
    for key, group in by_key.items():
        hours = min(policy.rule(stored.finding.rule).review_hours for stored in group)
        joined = cases.join(
            tx,
            key=key,
            route=group[0].finding.route,
            severity=max((stored.finding.severity for stored in group), key=lambda severity: severity.rank),
            due_at=tx.now + timedelta(hours=hours),
            findings=group,
            sealed=group[0].finding.sealed,
        )
        opened += joined.opened and not group[0].finding.sealed
    return opened
