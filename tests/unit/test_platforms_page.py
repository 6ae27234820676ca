"""The page on platforms says for each of them how it was tested, and by which test."""

import re
from pathlib import Path

_CHECKOUT = Path(__file__).parents[2]
_PAGE = _CHECKOUT / "docs" / "platforms.md"
_HEAD = ("platform", "emulated how", "never seen on the real thing", "test")


def _rows(text: str) -> list[tuple[str, ...]]:
    """Return the cells of the table's rows, its head first, without the line below the head."""
    start = text.index("| platform |")
    lines = re.match(r"(?:\|.*\n?)+", text[start:])
    assert lines is not None
    rows = [tuple(cell.strip() for cell in line.strip().strip("|").split("|")) for line in lines[0].splitlines()]
    return [rows[0], *rows[2:]]


def _faults(text: str) -> list[str]:
    head, *rows = _rows(text)
    faults = [] if head == _HEAD else [f"the head is {head}"]
    for row in rows:
        if len(row) != len(_HEAD) or not all(row):
            faults.append(f"{row[0]}: a cell is missing or empty")
            continue
        tests = re.findall(r"`(tests/[^`]+)`", row[-1])
        faults += [f"{row[0]}: names no test"] if not tests else []
        faults += [f"{row[0]}: {name} does not exist" for name in tests if not (_CHECKOUT / name).is_file()]
    return faults


def test_each_platform_names_a_test_that_exists() -> None:
    text = _PAGE.read_text("utf-8")
    assert len(_rows(text)) > 2
    assert _faults(text) == []


def test_a_row_without_a_test_is_found() -> None:
    head = "| platform | emulated how | never seen on the real thing | test |\n|---|---|---|---|\n"
    assert _faults(
        f"{head}| a | b | c | `tests/unit/none.py` |\n| d | e | | `tests/lanes.py` |\n| f | g | h | i |\n"
    ) == [
        "a: tests/unit/none.py does not exist",
        "d: a cell is missing or empty",
        "f: names no test",
    ]
