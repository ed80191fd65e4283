"""The signature of a work, from its text to a finding: what is written, what is refused, and that no word of it is kept."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from core.policy import default_policy_path

WORK = """The ferry keeps a ledger of the fog, and every dawn the pilot signs for less than came aboard. A gull reads over
his shoulder. We owe the river eleven lanterns, says the page, and one of them was borrowed by a child who wanted to see what
the dark was hiding under its coat; the rest are out on loan to anybody waiting up."""
POETIC = "La niebla firma el cuaderno y ningún farol regresa; " + " ".join(f"ola{n} cuenta{n}" for n in range(30))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    path = tmp_path / "work.txt"
    path.write_text(WORK, encoding="utf-8")
    return path


def test_the_entry_is_put_into_the_policy_as_it_is_and_the_work_is_found(nightrounds, work, tmp_path):
    done = nightrounds("works", "sign", str(work), "--title", "The Fog: a Ledger #3")
    assert done.returncode == 0, done.stderr
    text = default_policy_path().read_text(encoding="utf-8")
    assert text.count("    works: []\n") == 1
    policy = tmp_path / "policy.yaml"
    policy.write_text(text.replace("    works: []\n", f"    works:\n{done.stdout}"), encoding="utf-8")
    posts = "".join(json.dumps({"id": post[:4], "text": post}) + "\n" for post in (f"Here:\n{WORK.upper()}", "The fog"))
    screened = nightrounds("screen", "-", "--policy", str(policy), stdin=posts)
    again, other = (json.loads(line) for line in screened.stdout.splitlines())
    (finding,) = (f for f in again["findings"] if f["category"] == "registered")
    assert "'The Fog: a Ledger #3'" in finding["reason"]
    assert not [f for f in other["findings"] if f["rule"] == "copyright"]


def test_no_word_of_the_work_is_in_the_entry_or_on_the_terminal(nightrounds, work):
    done = nightrounds("works", "sign", str(work), "--title", "A title")
    told = (done.stdout + done.stderr).lower()
    assert not [word for word in re.findall(r"[a-z]{6,}", WORK.lower()) if word in told]
    assert re.search(r"signed about \d\d words", done.stderr)


def test_the_entry_goes_to_a_new_file_from_stdin(nightrounds, tmp_path):
    out = tmp_path / "entry.yaml"
    done = nightrounds("works", "sign", "-", "--title", "  Niebla\n del  río ", "-o", str(out), stdin=POETIC)
    assert (done.returncode, done.stdout) == (0, "")
    (entry,) = yaml.safe_load(out.read_text(encoding="utf-8"))
    assert entry["title"] == "Niebla del río"
    assert entry["signature"].count(":") == 1
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["entry.yaml"]


def test_a_policy_file_is_not_written_over(nightrounds, work, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text("title: ours\n", encoding="utf-8")
    done = nightrounds("works", "sign", str(work), "--title", "A title", "-o", str(policy))
    assert done.returncode == 2
    assert "would be lost" in done.stderr
    assert policy.read_text(encoding="utf-8") == "title: ours\n"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "there is no text in it"),
        (b" \n\t\r\n", "there is no text in it"),
        (b"each one a little less than stars, each one a little prayer", "too short"),
        (b"same words here " * 400, "too short"),
        (b"\x00\x01\x02" * 50, "binary"),
        (b"plain words and then \x07 a bell " * 20, "binary"),
        (b"\xff\xfeh\x00i\x00", "UTF-16"),
        ("año y día ".encode("latin-1") * 40, "not plain text in UTF-8"),
        (b"%PDF-1.7 words words", "a document"),
        (b"PK\x03\x04rest", "a document"),
        (b"\xef\xbb\xbf{\\rtf1 words", "a document"),
        (b"\n<!DOCTYPE html><p>words", "a web page"),
        (b"word " * ((8 << 20) // 5 + 2), "larger than 8 MiB"),
    ],
    ids=["empty", "blank", "short", "repeated", "binary", "bell", "utf-16", "latin-1", "pdf", "zip", "rtf", "html", "huge"],
)
def test_what_is_no_work_is_refused_in_one_line_and_nothing_is_written(nightrounds, tmp_path, data, told):
    path, out = tmp_path / "work.txt", tmp_path / "entry.yaml"
    path.write_bytes(data)
    done = nightrounds("works", "sign", str(path), "--title", "A title", "-o", str(out))
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not out.exists()


@pytest.mark.parametrize(
    "title", ["", "  ", "x" * 201, "ring\x07", "\u202eback"], ids=["none", "blank", "long", "bell", "turned"]
)
def test_a_title_must_be_readable(nightrounds, work, title):
    done = nightrounds("works", "sign", str(work), "--title", title)
    assert done.returncode == 2
    assert "--title" in done.stderr


def test_a_file_that_is_not_there_and_a_folder_are_wrong_usage(nightrounds, tmp_path):
    for path, told in ((tmp_path / "none.txt", "no such file"), (tmp_path, "a folder")):
        done = nightrounds("works", "sign", str(path), "--title", "A title")
        assert done.returncode == 2
        assert told in done.stderr


def test_a_place_that_can_not_be_written_is_told(nightrounds, work, tmp_path):
    done = nightrounds("works", "sign", str(work), "--title", "A title", "-o", str(tmp_path / "no" / "entry.yaml"))
    assert done.returncode == 2
    assert "can't be written" in done.stderr
