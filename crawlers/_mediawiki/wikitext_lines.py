"""The part of wikitext that is told line by line: headings, lists, rules and tables, as plain lines."""

from __future__ import annotations

import re

_HEADING = re.compile(r"(={1,6})(.+?)\1\s*")
_LIST = re.compile(r"[*#:;]+\s*")
_RULE = re.compile(r"-{4,}")
_ATTRIBUTE = re.compile(r"[\w:-]+\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'|=]+)\s*")
_LONGEST_ATTRIBUTES = 400
_LONG_CELL = 4000  # characters; what follows counts as another cell, so that no line is joined to more than that


def lines_of(text: str) -> str:
    """Lines without the marks at their beginnings; a table's row is one line, its cells parted by bars."""
    told: list[str] = []
    rows: list[str] | None = None  # cells of the row being read, None outside of tables
    depth = 0
    for line in text.split("\n"):
        stripped = line.strip()
        start = stripped.lstrip(":")
        if start.startswith("{|"):
            told += _row(rows)
            rows, depth = [], depth + 1
        elif depth and stripped.startswith("|}"):
            told += _row(rows)
            depth -= 1
            rows = [] if depth else None
            told += [stripped[2:].strip()] if stripped[2:].strip() else []
        elif rows is None:
            told.append(_line(line))
        elif stripped.startswith("|-"):
            told += _row(rows)
            rows = []
        elif stripped.startswith("|+"):
            told.append(_cell(stripped[2:]))
        elif stripped[:1] in {"|", "!"}:
            rows += _cells(stripped)
        elif rows and stripped:
            if len(rows[-1]) < _LONG_CELL:
                rows[-1] = f"{rows[-1]} {_line(line)}".strip()
            else:
                rows.append(_line(line))
        elif stripped:
            told.append(_line(line))
    return re.sub(r"\n{3,}", "\n\n", "\n".join([*told, *_row(rows)]))


def _line(line: str) -> str:
    stripped = line.strip()
    if heading := _HEADING.fullmatch(stripped):
        return heading[2].strip()
    if rule := _RULE.match(stripped):
        return stripped[rule.end() :].strip()
    return _LIST.sub("", stripped, count=1) if stripped[:1] in {"*", "#", ":", ";"} else stripped


def _row(cells: list[str] | None) -> list[str]:
    words = " | ".join(cell for cell in cells or () if cell)
    return [words] if words else []


def _cells(line: str) -> list[str]:
    parts = re.split(r"\|\||!!", line[1:]) if line[0] == "!" else line[1:].split("||")
    return [_cell(part) for part in parts]


def _cell(words: str) -> str:
    """A cell without its attributes ('style="…" | words')."""
    before, bar, after = words.partition("|")
    if bar and len(before) <= _LONGEST_ATTRIBUTES and not _ATTRIBUTE.sub("", before).strip():
        words = after
    return _line(words)
