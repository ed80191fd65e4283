"""False alarms where nothing is to be found, in health news and everyday posts; and what a flag is worth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from benchmarks.quality import metrics, sets
from benchmarks.quality.bench import Bench
from benchmarks.quality.disclosures import judged_by_us, near_miss_alarms, near_misses, peers, rows_of_all
from benchmarks.quality.page import Section, per_thousand, table, titled
from benchmarks.quality.systems import line_of, told_of
from training import public_sets

PREVALENCES = (0.01, 0.001)
SHOP_TALK = 0.05  # share of near misses that is supposed

_NOTE = (
    "Findings of every rule for each 1,000 posts. None of these posts is known to hold anything, but nobody has read them "
    "all: a few speak of a patient whom the news named, and the everyday posts (the WNUT17 and BTC sentences above, as "
    "personnel's own) swear, quarrel and campaign as people do, so what the other rules find there is not false as such."
)
_PPV_NOTE = (
    "Of the posts flagged as PHI, the share that would be PHI if one post in a hundred, or in a thousand, were. Recall is the "
    "development set's; false alarms are those of the rule `phi` (or of the peer) on the posts above. The interval takes the "
    "worse ends of both together (Wilson's for alarms); where no alarm was seen, read that and not the value. Neither pool "
    "talks shop: clinicians' accounts do, and there posts like the near misses above are not rare. The last rows suppose "
    "that one clean post in twenty is one, which nobody has counted."
)


def pools(bench: Bench) -> dict[str, tuple[str, Sequence[str]]]:
    """Kind of account and texts, by name."""
    news = bench.some(list(public_sets.health_news(bench.data, public_sets.HEALTH_NEWS_MEASURED)))
    files = [sets.NAME_SETS[name] for name in ("WNUT17 dev", "BTC dev")]
    everyday = bench.some([one.text for file in files for one in sets.names(bench.data, file)])
    return {"health news, official": ("official", news), "everyday posts, personnel": ("personnel", everyday)}


def measured(bench: Bench) -> Section:
    by_category, flagged, unread, brief = [], [], [], []
    alarms: dict[str, dict[str, metrics.Estimate]] = {}
    for pool, (kind, texts) in pools(bench).items():
        found: Counter[tuple[str, str]] = Counter()
        any_, phi, not_read = 0, 0, 0
        for text in texts:
            screened = bench.ours.screened(line_of(text, kind))
            found.update({(one.rule, one.category) for one in screened.findings})
            any_ += bool(screened.findings)
            phi += bool(told_of(screened, "phi"))
            not_read += screened.not_read is not None
        by_category += [[pool, f"`{rule}` {category}", n, _rate(n, texts)] for (rule, category), n in sorted(found.items())]
        by_category.append([pool, "**posts with any finding**", any_, _rate(any_, texts)])
        unread.append(f"{pool}: {len(texts):,} posts, of which {not_read} count as not read (language)")
        counts = {bench.ours.name: phi} | {name: sum(map(flags, texts)) for name, flags in peers(bench).items()}
        alarms[pool] = {name: metrics.alarm_rate(count, len(texts)) for name, count in counts.items()}
        brief += [
            (f"flagged as PHI per 1,000, {pool}", _rate(phi, texts), f"{_rate(counts[name], texts)} {name}")
            for name in peers(bench)
        ]
        flagged += [[pool, name, n, per_thousand(alarms[pool][name])] for name, n in counts.items()]
    page = "\n\n".join(
        [
            titled(
                "Alarms", _NOTE, "; ".join(unread) + ".", table(("posts", "finding", "posts with it", "per 1,000"), by_category)
            ),
            "Posts flagged as PHI, beside the peers:",
            table(("posts", "system", "flagged", "per 1,000"), flagged),
            titled("PPV", _PPV_NOTE, _ppv(bench, alarms)),
        ]
    )
    return Section(page, tuple(brief))


def _rate(count: int, texts: Sequence[str]) -> str:
    return per_thousand(metrics.alarm_rate(count, len(texts)))


def _ppv(bench: Bench, alarms: dict[str, dict[str, metrics.Estimate]]) -> str:
    posts = bench.some(bench.development)
    near = near_misses(posts)
    rows = rows_of_all(bench, [judged_by_us(bench, post) for post in posts])
    everyday = list(alarms)[-1]
    shop = {
        name: metrics.mixed(alarm, near_miss_alarms(posts, rows[name], near), SHOP_TALK)
        for name, alarm in alarms[everyday].items()
    }
    lines = []
    for pool, rates in [*alarms.items(), ("everyday posts, one in twenty a near miss", shop)]:
        for name, alarm in rates.items():
            found = metrics.estimate(rows[name], metrics.recall)
            lines.append([pool, name, found, *(metrics.predictive_value(found, alarm, p) for p in PREVALENCES)])
    return table(("posts", "system", "recall", *(f"PPV at {p:.1%}" for p in PREVALENCES)), lines)
