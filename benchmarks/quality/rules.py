"""Every rule beside PHI, and the gate: on its development posts, on public sets that fit, and on clean health news."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.quality import metrics, rule_sets, sets
from benchmarks.quality.bench import Bench
from benchmarks.quality.disclosures import near_miss_alarms, near_misses
from benchmarks.quality.page import Section, per_thousand, table, titled
from benchmarks.quality.rule_peers import letters_of, wanted, word_list
from benchmarks.quality.systems import line_of, line_of_rule_post
from core.records import Screened
from detectors._fold import fold
from training import public_sets
from training.posts import LabelledPost

RULES = ("political", "brand", "disclaimer", "conduct", "confidential", "copyright", "claims", "protected")
_LOOKED_FOR = {"disclaimer": ("disclaimer", "affiliation")}  # the rules that a subject's posts are for
_SCORES = (metrics.precision, metrics.recall, metrics.f1)
_NOTE = (
    "Posts that a person wrote for measuring, by the labelling guide, who had seen neither training posts nor detectors. "
    "`disclaimer` is both rules on profiles (no or incomplete disclaimer, undisclosed affiliation); `protected` is the gate, "
    "where a find is a post that it protects. The peers: a list of words (`benchmarks/quality/rule_words.yaml`), and a linear "
    "model on runs of letters, taught on the very posts that taught ours."
)
_PUBLIC_NOTE = (
    "Labels there mean other things than our rules do: a private person's opinion of a politician is judged here as if an "
    "official page had posted it, and rude words at nobody count as offensive in one set. Read them as a sign of direction."
)
_SEALED_NOTE = (
    "Findings of conduct, brand, confidential or copyright on protected development posts that are not sealed: "
    "**{open_}** of {all_} posts. "
)
_PRIVATE_NOTE = (
    "Political findings on the political development posts, when a private person posts them: **{found}** of {all_}."
)


def measured(bench: Bench) -> Section:
    rows, brief = [], []
    for rule in RULES:
        posts = bench.some(sets.of_rule(bench.folder, rule))
        if not posts:
            continue
        near = near_misses(posts)
        systems: dict[str, Callable[[LabelledPost], bool]] = {bench.ours.name: _ours(bench, rule)} | _peers(rule)
        for name, flags in systems.items():
            judged = [metrics.judged(flags(post), wanted(post)) for post in posts]
            scores = [metrics.estimate(judged, score) for score in _SCORES]
            rows.append(
                [f"`{rule}` ({sum(map(wanted, posts))} of {len(posts)})", name, *scores, near_miss_alarms(posts, judged, near)]
            )
            if name == bench.ours.name:
                mine = scores[-1]
        best = max((row for row in rows[-len(systems) + 1 :]), key=lambda row: row[4].value)
        brief.append((f"{rule} by post, F1", mine, f"{best[4]} {best[1]}"))
    page = "\n\n".join(
        [
            titled(
                "The other rules", _NOTE, table(("posts", "system", "precision", "recall", "F1", "near misses flagged"), rows)
            ),
            _safeguards(bench),
            titled("The other rules on public posts", _PUBLIC_NOTE, _public(bench)),
            "Posts of health news with a finding, per 1,000:",
            _clean(bench),
        ]
    )
    return Section(page, tuple(brief))


def _ours(bench: Bench, rule: str) -> Callable[[LabelledPost], bool]:
    if rule == "protected":
        return lambda post: bench.ours.screened_both(line_of_rule_post(post)).protected
    return lambda post: _tells(bench.ours.screened_both(line_of_rule_post(post)), rule)


def _tells(screened: Screened, rule: str) -> bool:
    return any(finding.rule in _LOOKED_FOR.get(rule, (rule,)) for finding in screened.findings)


def _peers(rule: str) -> dict[str, Callable[[LabelledPost], bool]]:
    words, letters = word_list(rule), letters_of(rule)
    return {
        "word list": lambda post: words.search(fold(post.own).lower) is not None,
        "linear model": lambda post: letters.flags(post.own),
    }


def _safeguards(bench: Bench) -> str:
    protected = [post for post in sets.of_rule(bench.folder, "protected") if wanted(post)]
    open_ = sum(_is_open(bench.ours.screened_both(line_of_rule_post(post))) for post in protected)
    political = sets.of_rule(bench.folder, "political")
    found = sum(_tells(bench.ours.screened(line_of(post.own, "personnel")), "political") for post in political)
    return _SEALED_NOTE.format(open_=open_, all_=len(protected)) + _PRIVATE_NOTE.format(found=found, all_=len(political))


def _is_open(screened: Screened) -> bool:
    return any(f.rule in ("conduct", "brand", "confidential", "copyright") and not f.sealed for f in screened.findings)


def _public(bench: Bench) -> str:
    rows = []
    for name, (rule, kind, what, _) in rule_sets.SETS.items():
        posts = rule_sets.read(name, bench.data, quick=bench.quick)
        words, letters = word_list(rule), letters_of(rule)
        systems: dict[str, Callable[[str], bool]] = {
            bench.ours.name: lambda text, rule=rule, kind=kind: _tells(bench.ours.screened(line_of(text, kind)), rule),  # type: ignore[misc]
            "word list": lambda text, words=words: words.search(fold(text).lower) is not None,  # type: ignore[misc]
            "linear model": letters.flags,
        }
        for system, flags in systems.items():
            judged = [metrics.judged(flags(text), truth) for text, truth in posts]
            false = metrics.alarm_rate(sum(r[3] - r[2] for r in judged), sum(1 - r[1] for r in judged))
            scores = [metrics.estimate(judged, score) for score in _SCORES]
            rows.append([f"{name}: {what}", f"`{rule}`", system, *scores, false])
    return table(("posts", "rule", "system", "precision", "recall", "F1", "clean ones flagged"), rows)


def _clean(bench: Bench) -> str:
    news: Sequence[str] = bench.some(list(public_sets.health_news(bench.data, public_sets.HEALTH_NEWS_MEASURED)))
    rows = []
    for kind in ("official", "personnel", "unofficial"):
        found = dict.fromkeys(RULES, 0)
        for text in news:
            screened = bench.ours.screened(line_of(text, kind))
            for rule in RULES:
                found[rule] += screened.protected if rule == "protected" else _tells(screened, rule)
        rows.append([kind, *(per_thousand(metrics.alarm_rate(count, len(news))) for count in found.values())])
    return table(("as posted by", *(f"`{rule}`" for rule in RULES)), rows)
