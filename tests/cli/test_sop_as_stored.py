"""SOPs that the app or another worker wrote are shown.

The app's own files are not at hand: those in `stored_sops` are made up from keys that it is known to write.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from runops.sop_as_stored import sop_as_stored
from runops.sop_text import sop_text
from tests.sop_graphs import as_sop, hostile_sops, sound_sops

FOLDER = Path(__file__).parent / "stored_sops"

STEPS = {
    "grouped_by_parent": """\
Steps
  1. Start: Start
  2. Repeat: Each invoice
     over: invoice
     until: none left
     each time:
         3. Open it
            note: <b>Inbox</b>
         4. Book it
  5. End: Done
""",
    "bare_nodes": """\
Steps
  1. Begin
  2. Write the report
  3. End: 3
""",
    "nested_children": """\
Steps
  1. Repeat: Each file
     each time:
         2. Rename it
         3. Decision: Is it large?
            yes: -> the next one
            no:
                4. End: Done
""",
}


def shown(data: dict[str, Any]) -> str:
    sop = sop_as_stored(data)
    assert sop is not None
    return sop_text(sop)


@pytest.mark.parametrize("name", STEPS)
def test_the_steps_of_a_stored_sop_are_shown(name: str) -> None:
    assert STEPS[name] in shown(json.loads((FOLDER / f"{name}.json").read_text("utf-8"))) + "\n"


def test_every_file_is_tested() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(STEPS)


def test_other_parts_are_shown_as_far_as_they_are_there() -> None:
    text = shown(json.loads((FOLDER / "nested_children.json").read_text("utf-8")))
    for line in (
        "Version: 2",
        "  - size = 10",
        "[medium] Which folder?",
        "[medium] How large?",
        "Files (ui)",
        "step 2",
    ):
        assert line in text
    text = shown(json.loads((FOLDER / "grouped_by_parent.json").read_text("utf-8")))
    for line in ("Version: 1.0 (draft)", "Owner:   Accounting", "On Mondays (manual)"):
        assert line in text
    assert shown(json.loads((FOLDER / "bare_nodes.json").read_text("utf-8"))).startswith("Untitled procedure")


@given(sound_sops())
def test_a_strict_sop_is_shown_the_same(raw: dict[str, Any]) -> None:
    assert shown(as_sop(raw).dump()) == sop_text(as_sop(raw))


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(hostile_sops())
def test_whatever_is_in_the_table_is_no_exception(raw: dict[str, Any]) -> None:
    sop = sop_as_stored(raw)
    if sop is not None:
        assert "Steps" in sop_text(sop)
