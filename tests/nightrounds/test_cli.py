"""The command line as a person or a cron job meets it: output, exit status, one plain line for each error."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = "from nightrounds.cli import main; main()"


@pytest.fixture
def scanned(after_first_night):
    return after_first_night.home


def test_the_morning_report_begins_with_what_could_not_be_looked_at(nightrounds, scanned):
    done = nightrounds("scan", "--sandbox", home=scanned)
    assert done.returncode == 0, done.stderr
    order = [
        "What could be looked at",
        "Not wholly looked at",
        "0 new posts",
        "Findings that stand",
        "What next",
    ]
    places = [done.stdout.index(words) for words in order]
    assert places == sorted(places)
    assert "0 screened" in done.stdout


def test_the_report_for_machines_is_one_json_document(nightrounds, scanned):
    done = nightrounds("scan", "--sandbox", "--platform", "x", "--json", home=scanned)
    report = json.loads(done.stdout)
    assert {c["platform"] for c in report["coverage"]} == {"x"}
    assert report["posts_new"] == 0
    assert done.stderr == ""


def test_one_account_can_be_scanned(nightrounds, scanned):
    done = nightrounds("scan", "--sandbox", "--account", "@SinaiSandboxNY", "--json", home=scanned)
    assert len(json.loads(done.stdout)["coverage"]) == 1
    assert json.loads(done.stdout)["sealed"] is None  # its difference to yesterday's would tell of one person


def test_findings_and_cases_can_be_listed_and_shown(nightrounds, scanned):
    (finding, *_) = json.loads(nightrounds("findings", "list", "--rule", "phi", "--json", home=scanned).stdout)
    shown = nightrounds("findings", "show", str(finding["number"]), home=scanned)
    assert "Clause 3" in shown.stdout
    assert finding["reason"] in " ".join(shown.stdout.split())
    (case, *_) = json.loads(nightrounds("cases", "list", "--json", home=scanned).stdout)
    assert "#" in nightrounds("cases", "show", str(case["number"]), home=scanned).stdout


def test_paging_goes_through_all_findings_once(nightrounds, scanned):
    every = [f["number"] for f in json.loads(nightrounds("findings", "list", "--limit", "1000", "--json", home=scanned).stdout)]
    seen, after = [], []
    while True:
        page = json.loads(nightrounds("findings", "list", "--limit", "10", "--json", *after, home=scanned).stdout)
        if not page:
            break
        seen += [f["number"] for f in page]
        after = ["--after", str(page[-1]["number"])]
    assert seen == every


def test_a_sealed_finding_is_as_if_it_were_not(nightrounds, scanned):
    from core.settings import Settings
    from nightrounds.context import open_context
    from storage import findings

    with open_context(Settings(home=scanned)) as context, context.store.read() as tx:
        sealed = [s for s in findings.list_findings(tx, include_sealed=True, limit=10_000) if s.finding.sealed]
    for stored in sealed[:1]:
        shown, absent = (nightrounds("findings", "show", str(n), home=scanned) for n in (stored.id, 999_999))
        assert shown.returncode == absent.returncode != 0
        assert shown.stderr.replace(str(stored.id), "N") == absent.stderr.replace("999999", "N")


def test_verify_finds_a_changed_byte(nightrounds, scanned):
    assert nightrounds("verify", home=scanned).returncode == 0
    victim = max((p for p in (scanned / "evidence").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(content)
    done = nightrounds("verify", "--json", home=scanned)
    assert done.returncode == 1
    assert len(json.loads(done.stdout)["evidence"]["damaged"]) == 1


def test_check_explains_a_draft(nightrounds):
    done = nightrounds("check", "Patient Ottoline Fairweather, MRN 4417702, came in with chest pain", "--as", "official")
    assert done.returncode == 0
    assert "clause 3" in done.stdout
    assert "mend:" in done.stdout
    clean = nightrounds("check", "Our flu clinic is open on Saturday from nine to noon.", "--as", "official")
    assert "Nothing would be flagged" in clean.stdout


def test_check_reads_a_bio_with_the_draft(nightrounds):
    draft = ("check", "Good morning from the roof garden.", "--as", "personnel", "--bio", "Nurse at Mount Sinai. Mets fan.")
    assert "disclaimer" in nightrounds(*draft).stdout.lower()
    assert "Nothing would be flagged" in nightrounds(*draft[:4]).stdout


def test_check_does_not_call_clean_what_is_sealed(nightrounds):
    draft = "They cut our overtime pay and six of us file a grievance. I will kill my manager over this, I have a gun."
    told = nightrounds("check", draft, "--as", "personnel").stdout
    assert "the law protects" in told
    assert "under seal" in told
    assert "Nothing would be flagged" not in told


def test_a_draft_that_can_not_be_read_is_not_clean(nightrounds):
    done = nightrounds("check", "Η ασθενής μας στο κρεβάτι τέσσερα πήγε σήμερα στο σπίτι της μετά από τρεις εβδομάδες.")
    assert done.returncode == 1
    assert "Not wholly read: language" in done.stdout


def test_screen_reads_stdin_and_writes_stdout(nightrounds):
    posts = (
        '{"id": 1, "text": "Our flu clinic is open on Saturday."}\nnot json\n{"id": "b", "text": "MRN 4417702 was admitted"}\n'
    )
    done = nightrounds("screen", "-", stdin=posts)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, "b"]
    assert "line 2" in done.stderr
    assert "not json" not in done.stderr
    assert done.returncode == 1


def test_posts_from_a_file_are_stored_once_and_screened(nightrounds, tmp_path):
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("platform,handle,kind,basis,recorded_by,recorded_at\nx,SomeClinic,official,owned,T,2026-11-01\n")
    assert nightrounds("accounts", "import", str(accounts)).returncode == 0
    posts = tmp_path / "posts.jsonl"
    line = {"id": "7", "platform": "x", "account": {"handle": "SomeClinic"}, "text": "Patient MRN 4417702 was admitted today"}
    other = {"id": "8", "platform": "x", "account": {"handle": "Stranger"}, "text": "Hello"}
    posts.write_text(json.dumps(line) + "\n" + json.dumps(other) + "\n")
    done = nightrounds("posts", "import", str(posts), "--json")
    report = json.loads(done.stdout)
    assert (report["new"], report["screened"]) == (1, 1)
    assert report["findings"] >= 1
    assert len(report["problems"]) == 1  # the stranger is registered by nobody
    assert done.returncode == 1
    again = json.loads(nightrounds("posts", "import", str(posts), "--json").stdout)
    assert (again["new"], again["screened"]) == (0, 0)


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (["scan"], {}, "accounts import"),
        (["scan", "--sandbox", "--since", "soon"], {}, "no date or time"),
        (["scan", "--sandbox", "--policy", "none.yaml"], {}, "can't be read"),
        (["scan", "--sandbox", "--account", "nobody-of-that-name"], {}, "no account matches"),
        (["screen", "none.jsonl"], {}, "no such file"),
        (["findings", "show", "999999"], {}, "999999"),
        (["accounts", "import", "none.csv"], {}, "can't be read"),
        (["posts", "import", "none.jsonl"], {}, "no such file"),
        (["scan"], {"NIGHTROUNDS_BACKFILL_DAYS": "many"}, "backfill_days"),
        (["scan"], {"NIGHTROUNDS_CONFIG": "none.toml"}, "does not exist"),
        (["verify"], {"NIGHTROUNDS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "database"),
        (["frobnicate"], {}, "No such command"),
        (["cases", "list", "--state", "nope"], {}, "nope"),
        (["findings", "list", "--rule", "nope"], {}, "no rule"),
        (["findings", "show", "9" * 30], {}, "less than"),
        (["sandbox", "--port", "80000"], {}, "less than"),
        (["check", " "], {}, "no draft"),
        (["scan"], {"NIGHTROUNDS_PLATFORMS": "notjson"}, "JSON"),
        (["scan", "--sandbox", "--since", "9999-12-31T23:59:59-14:00"], {}, "no date or time"),
        (["scan", "--policy", "/dev/zero"], {}, "is this the policy file?"),
    ],
)
def test_errors_are_plain_lines_with_the_right_status(nightrounds, arguments, environment, words):
    done = nightrounds(*arguments, **environment)
    assert done.returncode in {1, 2}
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_goes_away_is_no_error_message(scanned):
    env = {**os.environ, "NIGHTROUNDS_HOME": str(scanned)}
    command = f'"{sys.executable}" -c "{RUN}" findings list --limit 1000 | head -c 10 >/dev/null'
    done = subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "unexpected" not in done.stderr


def test_every_command_explains_itself(nightrounds):
    for arguments in (["--help"], ["scan", "--help"], ["findings", "--help"], ["posts", "import", "--help"]):
        done = nightrounds(*arguments)
        assert done.returncode == 0
        assert "Usage" in done.stdout


def test_a_sealed_case_is_as_if_it_were_not_and_not_counted(nightrounds, scanned):
    from core.settings import Settings
    from nightrounds.context import open_context
    from storage import cases

    with open_context(Settings(home=scanned)) as context, context.store.read() as tx:
        every = cases.list_cases(tx, include_sealed=True, limit=10_000)
        counted = cases.count_open(tx)
    sealed = [case for case in every if case.sealed]
    assert counted == len(every) - len(sealed)
    assert sealed
    shown, absent = (nightrounds("cases", "show", str(n), home=scanned) for n in (sealed[0].id, 999_999))
    assert shown.returncode == absent.returncode == 1
    assert shown.stderr.replace(str(sealed[0].id), "N") == absent.stderr.replace("999999", "N")


def test_a_protected_post_is_not_told_by_counting(nightrounds, tmp_path):
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("platform,handle,kind,basis,recorded_by,recorded_at\nx,someone,personnel,self-disclosed,T,2026-11-01\n")
    assert nightrounds("accounts", "import", str(accounts)).returncode == 0
    posts = tmp_path / "posts.jsonl"
    text = "I am a nurse at Mount Sinai and we are short staffed every night, our union is bargaining for safe ratios"
    posts.write_text(json.dumps({"id": "7", "platform": "x", "account": {"handle": "someone"}, "text": text}))
    report = json.loads(nightrounds("posts", "import", str(posts), "--json").stdout)
    assert (report["screened"], report["findings"], report["cases_opened"]) == (1, 0, 0)


def test_output_goes_into_a_pipe_or_device_and_through_a_link(nightrounds, tmp_path):
    posts = tmp_path / "posts.jsonl"
    posts.write_text('{"id": "1", "text": "Hello"}\n')
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    link.symlink_to(real)
    real.touch()
    assert nightrounds("screen", str(posts), "-o", str(link)).returncode == 0
    assert link.is_symlink()
    assert json.loads(real.read_text())["id"] == "1"
    assert nightrounds("screen", str(posts), "-o", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()
    assert not list(tmp_path.glob("*.part"))


def test_names_in_square_brackets_are_only_names(nightrounds, tmp_path):
    accounts = tmp_path / "accounts.csv"
    accounts.write_text("platform,handle,kind,basis,recorded_by,recorded_at\nx,[red]x[/],official,owned,T,2026-11-01\n")
    assert nightrounds("accounts", "import", str(accounts)).returncode == 0
    assert "[red]x[/]" in nightrounds("accounts", "list").stdout


def test_the_sandboxes_list_can_be_scanned_as_if_it_were_real(nightrounds, tmp_path):
    """What docs/operate.md tells a newcomer with a database of their own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("NIGHTROUNDS_")}
    command = [sys.executable, "-c", RUN, "sandbox", "--port", "0", "--accounts", "accounts.csv"]
    with subprocess.Popen(command, env=env, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as sandbox:
        try:
            printed = []
            while not (printed and "Stop" in printed[-1]):
                printed.append(sandbox.stdout.readline())
            (tmp_path / "nightrounds.toml").write_text("".join(printed))
            assert nightrounds("accounts", "import", "accounts.csv").returncode == 0
            done = nightrounds("scan", "--platform", "facebook", "--json")
        finally:
            sandbox.terminate()
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["posts_new"] > 20
