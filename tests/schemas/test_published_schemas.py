"""docs/schemas: current, true of results, as strict as the models, and types that the TypeScript compiler takes."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import TypeAdapter, ValidationError

from runops.evidence import Evidence
from runops.sop import Sop
from runops.transcript import TRANSCRIPT, dump_transcript
from tests.schemas.compiler import compiled, made
from tests.schemas.json_schemas import json_schemas
from tests.schemas.published import FOLDER

_GOLD = sorted((Path(__file__).parents[1] / "evaluation" / "gold").glob("*/sop.json"))
_EXAMPLE = Path(__file__).with_name("example.ts")
TYPED: dict[str, TypeAdapter[Any]] = {
    "Transcript": TRANSCRIPT,
    "Sop": TypeAdapter(Sop),
    "Evidence": TypeAdapter(Evidence),
}

CLICK: dict[str, Any] = {
    "timestamp_start_visual": "00:00:07.250",
    "timestamp_end_visual": "00:00:09",
    "application_in_focus": "Firefox",
    "action_type_observed": "CLICK",
    "target_element_details": {
        "element_type_guess": "button",
        "element_visible_text": None,
        "element_bounding_box_pixels": [10, 20, 30, 40],
        "element_attributes_observed": {"disabled": False},
    },
    "screen_region_description_pre_action": "",
    "screen_region_description_post_action": "A form",
}
SPEECH = {
    "timestamp_start_audio": "00:00:07",
    "timestamp_end_audio": "100:00:09.5",
    "verbatim_transcript_segment": "I open it.",
}
SOP: dict[str, Any] = {
    "meta": {
        "id": "5f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11",
        "title": "Book an invoice",
        "version": "1.0.0-rc.1+b2",
        "goal": "It is booked.",
        "purpose": "",
        "owner": ["Ann"],
    },
    "public": {
        "triggers": [
            {"type": "manual", "description": "A letter"},
            {"type": "cron", "description": "Mondays", "config": "0 8 * * 1-5"},
            {"type": "webhook", "description": "A call", "endpoint": "/in"},
            {"type": "event", "description": "A word", "signal": "paid"},
        ],
        "nodes": [
            {
                "id": "all",
                "type": "loop",
                "label": "All",
                "iterator": "invoice",
                "children": ["open"],
                "exit_condition": "none left",
                "isBranchRoot": True,
            },
            {"id": "open", "type": "task", "label": "Open it", "position": {"x": 1, "y": 2.5}},
            {"id": "end", "type": "end", "label": "End"},
        ],
        "edges": [{"source": "all", "target": "open", "condition": "next"}],
        "variables": {"limit": 1000, "name": None},
        "clarification_requests": [{"id": "q1", "question": "Who?", "importance": "low"}],
    },
    "private": {"skills": [{"id": "s", "app": "Ledgerline", "method_type": "ui"}], "steps": [], "artifacts": [1]},
}
EVIDENCE: dict[str, Any] = {
    "format": 1,
    "nodes": {"open": [{"id": "t0003", "kind": "visual", "start": "00:00:07", "end": "00:00:09"}], "end": []},
}
VALID: dict[str, Any] = {"Transcript": [CLICK, SPEECH], "Sop": SOP, "Evidence": EVIDENCE}


def validator(title: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(json_schemas()[title])


def test_the_published_files_are_the_generated_ones() -> None:
    assert {path.name: path.read_text("utf-8") for path in FOLDER.iterdir()} == made(), "run `make schemas`"


@pytest.mark.parametrize("title", VALID)
def test_each_schema_is_one(title: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schemas()[title])


@pytest.mark.parametrize("title", VALID)
def test_what_the_models_write_is_valid(title: str) -> None:
    model = TYPED[title].validate_python(VALID[title])
    written = (
        dump_transcript(model)
        if title == "Transcript"
        else TYPED[title].dump_python(model, mode="json", exclude_none=True)
    )
    validator(title).validate(written)
    validator(title).validate(VALID[title])


@pytest.mark.parametrize("path", _GOLD, ids=lambda path: path.parent.name)
def test_gold_procedures_are_valid(path: Path) -> None:
    validator("Sop").validate(json.loads(path.read_text("utf-8")))


def _set(*where: str | int, to: Any) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        for key in where[:-1]:
            value = value[key]
        value[where[-1]] = to

    return change


def _gone(*where: str | int) -> Callable[[Any], None]:
    def change(value: Any) -> None:
        for key in where[:-1]:
            value = value[key]
        del value[where[-1]]

    return change


_NODES, _TRIGGERS = ("public", "nodes"), ("public", "triggers")


@pytest.mark.parametrize(
    ("title", "change"),
    [
        ("Transcript", _set(0, "timestamp_start_visual", to="7 s")),
        ("Transcript", _set(0, "timestamp_start_visual", to="00:60:00")),
        ("Transcript", _set(0, "timestamp_end_visual", to="00:00:07.1234")),
        ("Transcript", _set(0, "action_type_observed", to="STARE")),
        ("Transcript", _set(0, "action_type_observed", to="KEYPRESS_")),
        ("Transcript", _set(0, "action_type_observed", to="KEYPRESS_enter")),
        ("Transcript", _set(0, "verbatim_transcript_segment", to="both")),
        ("Transcript", _gone(0, "screen_region_description_pre_action")),
        ("Transcript", _gone(1, "timestamp_end_audio")),
        ("Transcript", _set(0, "target_element_details", "colour", to="red")),
        ("Sop", _set("meta", "id", to="5f0c2b1e-8a4c-1f0e-b7a8-3f3f7e5f1c11")),
        ("Sop", _set("meta", "version", to="1.0")),
        ("Sop", _set("meta", "title", to="")),
        ("Sop", _set("meta", "owner", to="Ann")),
        ("Sop", _set("colour", to="red")),
        ("Sop", _set(*_NODES, to=[])),
        ("Sop", _set(*_NODES, 1, "children", to=["end"])),
        ("Sop", _set(*_NODES, 0, "children", to=[])),
        ("Sop", _set(*_NODES, 0, "isBranchRoot", to=False)),
        ("Sop", _gone(*_NODES, 0, "exit_condition")),
        ("Sop", _set(*_NODES, 1, "type", to="step")),
        ("Sop", _set(*_NODES, 1, "parentId", to="all")),
        ("Sop", _gone(*_TRIGGERS, 1, "config")),
        ("Sop", _set(*_TRIGGERS, 1, "config", to="every day")),
        ("Sop", _set(*_TRIGGERS, 0, "endpoint", to="/in")),
        ("Sop", _set("public", "edges", 0, "condition", to="maybe")),
        ("Sop", _set("public", "variables", "limit", to=[1])),
        ("Evidence", _set("format", to=2)),
        ("Evidence", _gone("format")),
        ("Evidence", _set("nodes", "open", 0, "id", to="3")),
        ("Evidence", _set("nodes", "open", 0, "kind", to="felt")),
        ("Evidence", _set("nodes", "open", 0, "start", to="7")),
    ],
)
def test_what_the_models_refuse_is_refused_by_the_schema(title: str, change: Callable[[Any], None]) -> None:
    value = copy.deepcopy(VALID[title])
    change(value)
    with pytest.raises(ValidationError):
        TYPED[title].validate_python(value)
    assert not validator(title).is_valid(value)


@pytest.mark.parametrize(
    ("title", "change"),
    [
        ("Transcript", _set(0, "action_type_observed", to="KEYPRESS_CTRL+S")),
        ("Transcript", _set(0, "action_type_observed", to="SCROLL_DOWN")),
        ("Transcript", _set(0, "target_element_details", to=None)),
        ("Sop", _set(*_NODES, 1, "children", to=None)),
        ("Sop", _set(*_TRIGGERS, 0, "config", to=None)),
        ("Sop", _set(*_TRIGGERS, 1, "config", to=" 0  8 * * MON ")),
        ("Sop", _gone("private")),
        ("Evidence", _gone("nodes", "open", 0, "end")),
    ],
)
def test_what_the_models_take_is_taken_by_the_schema(title: str, change: Callable[[Any], None]) -> None:
    value = copy.deepcopy(VALID[title])
    change(value)
    TYPED[title].validate_python(value)
    validator(title).validate(value)


def test_the_compiler_takes_the_example_and_the_gold(tmp_path: Path) -> None:
    values = [(f"sop{number}", "Sop", path.read_text("utf-8")) for number, path in enumerate(_GOLD)]
    values += [(title.lower(), title, json.dumps(value)) for title, value in VALID.items()]
    results = "import type { Evidence, Sop, Transcript } from './runops'\n" + "".join(
        f"export const {name}: {title} = {text}\n" for name, title, text in values
    )
    assert compiled(tmp_path, ("example.ts", _EXAMPLE.read_text("utf-8")), ("results.ts", results)) == ""


def test_the_compiler_refuses_what_is_wrong(tmp_path: Path) -> None:
    wrong = "import type { Sop } from './runops'\nexport const title: Sop['meta']['title'] = 7\n"
    assert "error TS2322" in compiled(tmp_path, ("wrong.ts", wrong))
