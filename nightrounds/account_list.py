"""The list of watched accounts as a CSV file: one account a row, each with the basis on which it may be watched."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from core.errors import ConfigError
from core.records import Account, Basis, Kind, account_id
from nightrounds.platforms import nightly_platforms

COLUMNS = ("platform", "handle", "kind", "basis", "recorded_by", "recorded_at", "unit", "native_id", "evidence")
_REQUIRED = COLUMNS[:6]
_MAX_BYTES = 32 * 1024 * 1024


def _as_utc(moment: datetime) -> datetime:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # the zone takes it before the first or past the last year
        raise ValueError("expected a date such as 2026-11-30") from None


def _one_line(text: str) -> str:
    if any(not char.isprintable() for char in text):
        raise ValueError("must not hold control characters")
    return text


Cell = Annotated[str, Field(max_length=500), AfterValidator(_one_line)]
Required = Annotated[Cell, Field(min_length=1)]


class _Row(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", hide_input_in_errors=True)

    platform: Required
    handle: Required
    kind: Kind
    basis: Basis
    recorded_by: Required
    recorded_at: Annotated[datetime, AfterValidator(_as_utc)]
    unit: Cell | None = None
    native_id: Cell | None = None
    evidence: Cell = ""

    @field_validator("unit", "native_id", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return value or None

    @field_validator("kind", "basis", "platform", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("platform")
    @classmethod
    def _has_a_crawler(cls, value: str) -> str:
        known = nightly_platforms()
        if value not in known:
            raise ValueError(f"expected one of {', '.join(known)}")
        return value

    @field_validator("recorded_at", mode="before")
    @classmethod
    def _iso_date(cls, value: object) -> object:
        try:
            return datetime.fromisoformat(value.strip()) if isinstance(value, str) else value
        except ValueError:
            raise ValueError("expected a date such as 2026-11-30") from None

    @field_validator("handle")
    @classmethod
    def _without_at(cls, value: str) -> str:
        bare = value.removeprefix("@").strip()
        if not bare:
            raise ValueError("must not be empty")
        return bare


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that can't be taken: its line in the file and what is wrong, quoting nothing of it."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class AccountList:
    accounts: tuple[Account, ...]
    bad_rows: tuple[BadRow, ...]


def read_account_list(path: Path) -> AccountList:
    """Read a CSV of accounts (columns: COLUMNS, the first six required; comma, semicolon or tab). Bad rows don't stop the rest.

    Raises:
        ConfigError: the file can't be read, or lacks a required column.
    """
    reader = csv.DictReader(io.StringIO(text := _text(path)), dialect=_dialect(text), restkey="_more", strict=True)
    missing = [name for name in _REQUIRED if name not in (_headers(reader, path))]
    if missing:
        raise ConfigError(f"{path}: the first line lacks {', '.join(missing)}; expected {', '.join(COLUMNS)}")
    good: dict[str, Account] = {}
    native_ids: set[tuple[str, str]] = set()
    bad: list[BadRow] = []
    for line, row in _rows(reader, bad):
        try:
            account = _account(_Row.model_validate(row))
        except ValidationError as error:
            bad.append(BadRow(line, "; ".join(_plainly(problem) for problem in error.errors(include_input=False))))
            continue
        if account.id in good:
            bad.append(BadRow(line, "the same platform and handle stand further up"))
            continue
        if account.native_id is not None:
            if (account.platform, account.native_id) in native_ids:
                bad.append(BadRow(line, "the same platform and native id stand further up"))
                continue
            native_ids.add((account.platform, account.native_id))
        good[account.id] = account
    return AccountList(tuple(good.values()), tuple(bad))


def write_account_list(path: Path, accounts: Iterable[Account]) -> None:
    """Write accounts as `read_account_list` reads them.

    Raises:
        ConfigError: the file can't be written.
    """
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for a in accounts:
                basis = (a.kind.value, a.basis.value, a.basis_recorded_by, a.basis_recorded_at.isoformat())
                writer.writerow((a.platform, a.handle, *basis, a.unit or "", a.native_id or "", a.basis_evidence))
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror}") from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"{path}: larger than {_MAX_BYTES // 2**20} MiB; is this the account list?")
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path}: can't be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 (byte {error.start}); save it as 'CSV UTF-8'") from None


def _dialect(text: str) -> type[csv.Dialect]:
    class Dialect(csv.excel):
        delimiter = max(",;\t", key=text.partition("\n")[0].count)

    return Dialect


def _headers(reader: csv.DictReader[str], path: Path) -> list[str]:
    try:
        names = [name.strip().lower() for name in reader.fieldnames or ()]
    except csv.Error as error:
        raise ConfigError(f"{path}: line 1: {error}") from None
    reader.fieldnames = names
    return names


def _rows(reader: csv.DictReader[str], bad: list[BadRow]) -> Iterator[tuple[int, dict[str, str]]]:
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            bad.append(BadRow(reader.line_num, str(error)))
            continue
        if any(value for value in row.values()):
            yield reader.line_num, row


def _account(row: _Row) -> Account:
    return Account(
        id=account_id(row.platform, row.handle),
        platform=row.platform,
        handle=row.handle,
        kind=row.kind,
        basis=row.basis,
        basis_recorded_by=row.recorded_by,
        basis_recorded_at=row.recorded_at,
        unit=row.unit,
        native_id=row.native_id,
        basis_evidence=row.evidence,
    )


def _plainly(problem: ErrorDetails) -> str:
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "expected")
    message = {"missing": "missing", "string_too_short": "must not be empty"}.get(problem["type"], message)
    return f"{'.'.join(map(str, problem['loc']))}: {message}"
