"""One visit to an account has an end, however slowly its platform answers; the next visit has its own."""

from __future__ import annotations

import pytest

from core.errors import PlatformDown
from core.seams import UNMETERED
from crawlers._exchange import Exchange
from crawlers._rebase import rebased_session


def test_the_questions_of_one_visit_share_a_time(loopback, clock, monkeypatch):
    monkeypatch.setattr("crawlers._exchange.VISIT_SECONDS", 0.2)
    session = rebased_session("https://api.platform.example/", loopback.url, seconds=5)
    exchange = Exchange("Platform", session, collector="test/1", secrets=(), clock=clock, sleep=lambda _: None)

    def ask() -> int:
        return exchange.ask(lambda: session.get("https://api.platform.example/"), lambda _: None).status

    loopback.reply_with(loopback.Reply(b"{      }", drip=0.05), loopback.Reply(b"{}"))
    exchange.meter = UNMETERED
    assert ask() == 200
    with pytest.raises(PlatformDown, match="so slowly"):
        ask()
    assert len(loopback.asked) == 1
    exchange.meter = UNMETERED
    assert ask() == 200
