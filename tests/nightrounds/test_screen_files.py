"""`screen` and `entities`: the contract of the command line, line by line."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from core.errors import ConfigError, DetectError
from core.policy import Policy, default_policy_path, load_policy
from crawlers._archive.post_lines import BadPost, parse_line
from nightrounds.jsonl import FileReport
from nightrounds.screen_files import ScreenAnswer, list_entities, screen_file

ROOT = Path(__file__).parents[2]
INPUT = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "screen-input.schema.json").read_text(encoding="utf-8")))
OUTPUT = jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "screen-output.schema.json").read_text(encoding="utf-8")))

CANARY = "Zinnia Quillfeather"
KINDS = ("official", "personnel", "unofficial")
TEXTS = (
    "Flu shots start on Monday.",
    "Vote for Jane Doe for mayor this Tuesday!",
    f"Get well soon {CANARY}, MRN 84736251, admitted to our ICU on March 3, 2026 🏥 call 212-555-0143",
    "We are short-staffed again and management ignores our union's safety report",
    "\u202eabc\u0000\ud83d\ude00 \ud800 e\u0301",
    "",
    "Bienvenidos a la clínica, abrimos el lunes a las ocho de la mañana para todos los vecinos.",
    "x" * 5000,
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_policy(default_policy_path())


@pytest.fixture(scope="module")
def answer(policy: Policy) -> ScreenAnswer:
    return ScreenAnswer(policy)


def screen(policy: Policy, data: bytes, workers: int = 1) -> tuple[list[dict[str, Any]], list[str], FileReport]:
    out, said = io.StringIO(), list[str]()
    report = screen_file(io.BytesIO(data), out, said.append, policy=policy, workers=workers)
    return [json.loads(line) for line in out.getvalue().splitlines()], said, report


def as_lines(*posts: Any) -> bytes:
    return b"".join(json.dumps(post).encode() + b"\n" for post in posts)


def mixed_posts() -> Iterator[dict[str, Any]]:
    for number in range(300):
        post: dict[str, Any] = {"id": str(number) if number % 7 else number, "text": TEXTS[number % len(TEXTS)]}
        if number % 2:
            kind = KINDS[number % 3]
            post["account"] = {"handle": f"MountSinai_{number % 9}", "display_name": "Mt Sinai fan", "bio": "RN", "kind": kind}
            post["platform"] = "x"
        if number % 3 == 0:
            post["links"] = ["https://mountsinai.example.org/", "not a url at all"]
            post["media"] = [{"path": "a.png", "alt_text": f"Our patient {CANARY} in room 12"}, {}]
        if number % 5 == 0:
            post |= {
                "in_reply_to": {"text": "I was your patient last week"},
                "created_at": "2026-01-31T18:05:00Z",
                "links": None,
            }
        yield post


def test_every_line_of_a_mixed_file_keeps_the_contract(policy: Policy) -> None:
    posts = list(mixed_posts())
    rows, said, report = screen(policy, as_lines(*posts))
    assert said == []
    assert [row["id"] for row in rows] == [post["id"] for post in posts]
    assert (report.read, report.written, report.bad) == (300, 300, 0)
    assert report.findings == sum(len(row["findings"]) for row in rows) > 0
    for post, row in zip(posts, rows, strict=True):
        OUTPUT.validate(row)
        for finding in row["findings"]:
            clause = policy.clause(finding["clause"])
            assert clause.title
            assert finding["route"] in policy.routes
            assert finding["category"] in policy.rule(finding["rule"]).categories
            for span in finding["spans"]:
                assert 0 <= span["start"] < span["end"] <= len(segment(post, span["segment"]))
    kinds = [(post.get("account") or {}).get("kind", "official") for post in posts]
    ran = {(kind, f["rule"]) for kind, row in zip(kinds, rows, strict=True) for f in row["findings"]}
    assert all(kind in policy.rule(rule).kinds for kind, rule in ran)


def segment(post: dict[str, Any], name: str) -> str:
    head, _, rest = name.partition(".")
    match head:
        case "text":
            return str(post["text"])
        case "in_reply_to":
            return str(post["in_reply_to"]["text"])
        case "link":
            return str(post["links"][int(rest)])
        case "media":
            number, _, key = rest.partition(".")
            return str(post["media"][int(number)][key])
        case _:
            return str(post["account"][head])


def test_offsets_count_code_points_of_the_text_as_given(policy: Policy) -> None:
    text = "🏥🏥 \ud800\u0000 call our patient at 212-555-0143"
    out = io.StringIO()
    list_entities(io.BytesIO(as_lines({"id": "1", "text": text})), out, print, policy=policy)
    entities = json.loads(out.getvalue())["entities"]
    (phone,) = [entity for entity in entities if entity["type"] == "PHONE_NUMBER"]
    assert text[phone["start"] : phone["end"]] == "212-555-0143"
    assert phone.keys() == {"type", "segment", "start", "end", "score"}


def test_entities_are_of_the_accounts_own_words(policy: Policy) -> None:
    post = {
        "id": 9,
        "text": "mail me: one@example.com",
        "account": {"bio": "or two@example.com"},
        "media": [{"alt_text": "or three@example.com"}],
        "in_reply_to": {"text": "four@example.com"},
    }
    out = io.StringIO()
    report = list_entities(io.BytesIO(as_lines(post)), out, print, policy=policy)
    row = json.loads(out.getvalue())
    assert row["id"] == 9
    found = {entity["segment"] for entity in row["entities"] if entity["type"] == "EMAIL_ADDRESS"}
    assert found == {"text", "bio", "media.0.alt_text"}
    assert report.written == 1


def test_only_id_and_text_are_required(answer: ScreenAnswer) -> None:
    line = parse_line(b'{"id": "1", "text": "Flu shots start on Monday."}')
    account = line.account()
    assert (account.kind, account.platform, account.handle) == ("official", "website", "")
    assert answer(line) == {"id": "1", "protected": False, "findings": []}


VALID = [
    {"id": "1", "text": "t"},
    {"id": 1, "text": ""},
    {"id": -12345678901234567890, "text": "t", "surplus": {"deep": [1]}},
    {"id": "é", "text": "t", "account": None, "links": None, "media": None, "in_reply_to": None, "created_at": None},
    {"id": "1", "text": "t", "account": {"kind": None, "handle": None}, "media": [{}], "in_reply_to": {}},
]
INVALID = [
    [],
    "text",
    {"text": "t"},
    {"id": "1"},
    {"id": "", "text": "t"},
    {"id": "  ", "text": "t"},
    {"id": "i" * 1025, "text": "t"},
    {"id": None, "text": "t"},
    {"id": True, "text": "t"},
    {"id": 1.5, "text": "t"},
    {"id": ["1"], "text": "t"},
    {"id": "1", "text": None},
    {"id": "1", "text": 5},
    {"id": "1", "text": "t", "platform": 5},
    {"id": "1", "text": "t", "account": "me"},
    {"id": "1", "text": "t", "account": {"kind": "Official"}},
    {"id": "1", "text": "t", "account": {"bio": ["b"]}},
    {"id": "1", "text": "t", "links": "https://example.org"},
    {"id": "1", "text": "t", "links": [None]},
    {"id": "1", "text": "t", "media": {"path": "a.png"}},
    {"id": "1", "text": "t", "media": ["a.png"]},
    {"id": "1", "text": "t", "media": [{"alt_text": 1}]},
    {"id": "1", "text": "t", "in_reply_to": "hello"},
    {"id": "1", "text": "t", "in_reply_to": {"text": 1}},
    {"id": "1", "text": "t", "created_at": 1700000000},
]


@pytest.mark.parametrize("post", VALID)
def test_what_the_input_schema_allows_is_read(post: Any) -> None:
    INPUT.validate(post)
    assert parse_line(json.dumps(post).encode()).id == post["id"]


@pytest.mark.parametrize("post", INVALID)
def test_what_the_input_schema_forbids_is_refused(post: Any) -> None:
    assert not INPUT.is_valid(post)
    with pytest.raises(BadPost):
        parse_line(json.dumps(post).encode())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b'{"id": "1", "text": "\xff"}', "not UTF-8"),
        (b'{"id": "1", "text": "t"', "not valid JSON"),
        (b'{"id": "1", "text": "a\x00b"}', "not valid JSON"),
        (b'{"id": "1", "text": "t", "text": "u"}', "stands twice"),
        (b'{"id": "1", "text": "t", "a": {"b": 1, "b": 2}}', "stands twice"),
        (b'{"id": "1", "text": "t", "a": NaN}', "NaN"),
        (b'{"id": "1", "text": "t", "a": ' + b"9" * 5000 + b"}", "not valid JSON"),
        (b'{"id": "1", "text": "t", "a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
        (b'{"id": "1", "text": "t", "created_at": "last Tuesday"}', "created_at"),
        (b'{"id": "1", "text": "' + b"x" * (1 << 20) + b'"}', "longer than 1 MiB"),
    ],
)
def test_a_line_that_is_no_post_is_told_by_number_and_the_rest_goes_on(policy: Policy, line: bytes, why: str) -> None:
    good = as_lines({"id": "a", "text": "Flu shots start on Monday."})
    rows, said, report = screen(policy, b"\xef\xbb\xbf" + good + b"\n  \r\n" + line + b"\r\n" + good.rstrip())
    assert [row["id"] for row in rows] == ["a", "a"]
    (sentence,) = said
    assert sentence.startswith("line 4: not a post: ")
    assert why in sentence
    assert (report.read, report.written, report.bad) == (3, 2, 1)


def test_unknown_keys_are_ignored_with_one_warning_in_all(policy: Policy) -> None:
    posts = [{"id": "1", "text": "t"}, *({"id": str(n), "text": "t", "likes": n} for n in range(2, 5))]
    posts.append({"id": "5", "text": "t", "media": [{"width": 3}]})
    rows, said, report = screen(policy, as_lines(*posts))
    assert len(rows) == 5
    (warning,) = said
    assert warning.startswith("line 2: has keys that are not known")
    assert "likes" not in warning
    assert report.unknown_keys
    assert report.bad == 0


def test_a_line_of_many_mebibytes_is_passed_over_without_being_held(policy: Policy) -> None:
    class Endless(io.RawIOBase):
        """A line of 64 MiB, then a post."""

        def __init__(self) -> None:
            self.left, self.tail, self.longest = 64 << 20, as_lines({"id": "1", "text": "t"}), 0

        def readable(self) -> bool:
            return True

        def readline(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size > 0
            self.longest = max(self.longest, size)
            if self.left:
                self.left -= min(size, self.left)
                return b"x" * size if self.left else b"x\n"
            line, self.tail = self.tail, b""
            return line

    stream, out, said = Endless(), io.StringIO(), list[str]()
    report = screen_file(stream, out, said.append, policy=policy)  # type: ignore[arg-type]
    assert said == ["line 1: not a post: longer than 1 MiB"]
    assert report.written == 1
    assert stream.longest <= (1 << 20) + 1


def test_a_file_in_utf_16_is_refused_with_the_mend(policy: Policy) -> None:
    with pytest.raises(ConfigError, match="save it as UTF-8"):
        screen(policy, '{"id": "1", "text": "t"}'.encode("utf-16"))


def test_a_file_that_is_not_there_is_a_configuration_error(policy: Policy, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        screen_file(tmp_path / "no.jsonl", io.StringIO(), print, policy=policy)


def test_no_text_in_what_is_said_or_logged(policy: Policy, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    good = {"id": CANARY, "text": CANARY, CANARY: 1, "account": {"handle": CANARY, "bio": CANARY}}
    bad = [
        {"id": "1", "text": [CANARY]},
        {"id": "1", "text": "t", "account": {"kind": CANARY}},
        {"id": "1", "text": "t", "created_at": CANARY},
    ]
    broken = f'{{"id": "{CANARY}", "text": "{CANARY}"'.encode()
    rows, said, report = screen(policy, as_lines(good, *bad) + broken)
    assert report.bad == len(bad) + 1
    assert len(said) == report.bad + 1
    reasons = [finding["reason"] for row in rows for finding in row["findings"]]
    line = parse_line(as_lines(good))
    assert not any(CANARY.split()[0] in words for words in (*said, *reasons, caplog.text, repr(line), repr(line.account())))


# One child process reads 10,000 posts alone, then shares them with a second worker. It prints what the test compares.
_LONG_RUN = """
import hashlib, io, json, psutil
from core.policy import default_policy_path, load_policy
from nightrounds.screen_files import screen_file

class Generated(io.RawIOBase):
    def __init__(self): self.number = 0
    def readline(self, size=-1):
        self.number += 1
        if self.number > 10_000: return b""
        if self.number in (777, 5_000, 10_000): return b"no post\\n"
        return json.dumps({"id": self.number, "text": f"{self.number % 500}: the bus stops here"}).encode() + b"\\n"

class Digest(io.TextIOBase):
    def __init__(self): self.sha, self.last, self.ordered = hashlib.sha256(), 0, True
    def write(self, line):
        self.sha.update(line.encode())
        number = json.loads(line)["id"]
        self.ordered, self.last = self.ordered and number > self.last, number

if __name__ == "__main__":
    policy, memory = load_policy(default_policy_path()), []
    for workers in (1, 2):
        out, said, seen = Digest(), [], [0]
        def progress(count):
            seen[0] += count
            if seen[0] % 2_000 == 0: memory.append(psutil.Process().memory_info().rss)
        report = screen_file(Generated(), out, said.append, policy=policy, workers=workers, progress=progress)
        print(json.dumps([out.sha.hexdigest(), out.ordered, said, report.read, report.written, report.bad]))
    print(json.dumps(memory))
"""


def test_ten_thousand_posts_keep_order_in_flat_memory_and_two_workers_write_the_same_bytes(tmp_path: Path) -> None:
    script = tmp_path / "long_run.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{_LONG_RUN}")
    done = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    alone, shared, memory = map(json.loads, done.stdout.splitlines())
    assert alone == shared
    _, ordered, said, read, written, bad = alone
    assert ordered
    assert said == [f"line {number}: not a post: not valid JSON at character 1" for number in (777, 5_000, 10_000)]
    assert (read, written, bad) == (10_000, 9_997, 3)
    assert max(memory) - memory[0] < 24 << 20


def test_a_worker_that_dies_is_an_error_and_no_endless_wait(policy: Policy) -> None:
    def posts() -> Iterator[bytes]:
        for number in range(100_000):
            if number == 1_500:
                for child in psutil.Process().children():
                    if any("spawn_main" in word for word in child.cmdline()):
                        child.kill()
            yield as_lines({"id": number, "text": "t"})

    class Stream(io.RawIOBase):
        lines = posts()

        def readline(self, size: int | None = -1, /) -> bytes:
            return next(self.lines, b"")

    with pytest.raises(DetectError, match="a worker process died"):
        screen_file(Stream(), io.StringIO(), print, policy=policy, workers=2)  # type: ignore[arg-type]


_WORKERS_ALONE = """
import io, json
from core.policy import default_policy_path, load_policy
from detectors._encoder import shipped_encoder
from nightrounds.screen_files import screen_file

if __name__ == "__main__":
    policy = load_policy(default_policy_path())
    lines = b"".join(json.dumps({"id": n, "text": f"Maria Lopez has {n} cats"}).encode() + b"\\n" for n in range(6))
    assert screen_file(io.BytesIO(lines), io.StringIO(), print, policy=policy, workers=2).written == 6
    print(shipped_encoder.cache_info().currsize)
"""


def test_each_worker_loads_the_model_for_itself(tmp_path: Path) -> None:
    script = tmp_path / "workers.py"
    script.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{_WORKERS_ALONE}")
    done = subprocess.run([sys.executable, script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "0\n", ""), done.stderr[-2000:]
