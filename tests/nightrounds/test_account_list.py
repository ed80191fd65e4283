"""The account list: good rows go in, bad ones are named by line and quoted nowhere."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.records import Basis, Kind, account_id
from nightrounds.account_list import read_account_list

HEADER = "platform,handle,kind,basis,recorded_by,recorded_at,unit,native_id\n"
GOOD = "x,@SomeClinic,Official,owned,Press Office,2026-11-01,Clinic,\n"


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "accounts.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_row_becomes_an_account(tmp_path):
    (account,) = read_account_list(write(tmp_path, HEADER + GOOD)).accounts
    assert (account.platform, account.handle, account.kind, account.basis) == ("x", "SomeClinic", Kind.OFFICIAL, Basis.OWNED)
    assert account.id == account_id("x", "someclinic")
    assert account.basis_recorded_at == datetime(2026, 11, 1, tzinfo=UTC)
    assert account.unit == "Clinic"
    assert account.native_id is None


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_spreadsheets_of_other_countries_are_read(tmp_path, separator):
    text = "\ufeff" + (HEADER + GOOD).replace(",", separator).replace("\n", "\r\n")
    assert len(read_account_list(write(tmp_path, text)).accounts) == 1


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("x,SECRETNAME,patient,owned,P,2026-11-01,,\n", "kind"),
        ("myspace,SECRETNAME,official,owned,P,2026-11-01,,\n", "platform: expected one of "),
        ("x,SECRETNAME,official,owned,P,01/11/2026,,\n", "recorded_at: expected a date such as"),
        ("x,SECRETNAME,official,hunch,P,2026-11-01,,\n", "basis"),
        ("x,SECRETNAME,official,owned,P,soon,,\n", "recorded_at"),
        ("x,SECRETNAME,official,owned,,2026-11-01,,\n", "recorded_by"),
        ("x,,official,owned,P,2026-11-01,,\n", "handle"),
        ("x,SECRET\x07NAME,official,owned,P,2026-11-01,,\n", "handle"),
        ("x,SECRETNAME,official,owned,P,0001-01-01T00:00+14:00,,\n", "recorded_at: expected a date such as"),
        ("x,SECRETNAME,official,owned,P,9999-12-31T23:00-14:00,,\n", "recorded_at: expected a date such as"),
        ("x,@,official,owned,P,2026-11-01,,\n", "handle: must not be empty"),
        ("x,@ ,official,owned,P,2026-11-01,,\n", "handle: must not be empty"),
        ("x,SECRETNAME\n", "kind"),
        ("x," + "SECRETNAME" * 100 + ",official,owned,P,2026-11-01,,\n", "handle"),
    ],
)
def test_a_bad_row_is_named_and_the_rest_goes_in(tmp_path, row, named):
    read = read_account_list(write(tmp_path, HEADER + row + GOOD))
    assert len(read.accounts) == 1
    (bad,) = read.bad_rows
    assert bad.line == 2
    assert named in bad.problem
    assert "SECRET" not in bad.problem


def test_the_same_account_twice_is_one_account_and_one_complaint(tmp_path):
    read = read_account_list(write(tmp_path, HEADER + GOOD + GOOD.replace("@SomeClinic", "someclinic")))
    assert len(read.accounts) == 1
    assert [bad.line for bad in read.bad_rows] == [3]


def test_the_same_native_id_twice_is_a_bad_row(tmp_path):
    row = "x,{},official,owned,P,2026-11-01,,{}\n"
    other = row.format("four", "77").replace("x,", "youtube,", 1)
    rows = [row.format("one", "77"), row.format("two", "78"), row.format("three", "77"), other]
    read = read_account_list(write(tmp_path, HEADER + "".join(rows)))
    assert [account.handle for account in read.accounts] == ["one", "two", "four"]
    assert [bad.line for bad in read.bad_rows] == [4]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("handle,kind\n", "lacks platform"),
        ("", "lacks platform"),
        (b"\xff\xfe\x00", "not UTF-8"),
        ('platform,"handle\n', "line"),
    ],
)
def test_a_wrong_file_is_refused_in_plain_words(tmp_path, content, complaint):
    with pytest.raises(ConfigError, match=complaint):
        read_account_list(write(tmp_path, content))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="can't be read"):
        read_account_list(tmp_path / "none.csv")


def test_the_example_in_the_repository_is_good():
    read = read_account_list(Path(__file__).parents[2] / "examples" / "accounts.csv")
    assert len(read.accounts) == 5
    assert not read.bad_rows


def test_what_is_written_is_read_back(tmp_path):
    from nightrounds.account_list import write_account_list
    from nightrounds.sandbox.server import Sandbox

    path = tmp_path / "accounts.csv"
    write_account_list(path, Sandbox().accounts())
    read = read_account_list(path)
    assert not read.bad_rows
    bare = [replace(a, handle=a.handle.removeprefix("@")) for a in Sandbox().accounts()]
    assert list(read.accounts) == [replace(a, id=account_id(a.platform, a.handle)) for a in bare]
