"""Gold recordings: what is read, and what an error names."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from devstack.sample import RECORDING
from runops_evaluation.gold.read import GoldUnreadable, read_gold, sha256_of
from runops_evaluation.gold.schemas import FOLDER, schemas, text_of
from tests.evaluation.gold_set import GOLD, all_gold, gold_named

NAME = "ledgerline-invoice"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    shutil.copytree(GOLD / NAME, tmp_path / NAME)
    return tmp_path


def change(root: Path, file: str, edit: Callable[[Any], object]) -> None:
    path = root / NAME / file
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


def only_fault(root: Path) -> str:
    found = read_gold(root)
    assert not found.recordings
    (fault,) = found.faults
    assert fault.name == NAME
    return fault.message


def test_the_recordings_of_the_tests_are_sound() -> None:
    assert [one.name for one in all_gold()] == ["copy-between-applications", NAME, "urlaubsantrag"]


def test_the_gold_of_the_sample_is_about_the_sample_as_it_is() -> None:
    about = gold_named(NAME).about
    assert about.sha256 == sha256_of(RECORDING), (
        f"The sample was recorded again. Measure again the times in tests/evaluation/gold/{NAME}/events.json."
    )


@pytest.mark.parametrize(
    ("file", "edit", "names"),
    [
        pytest.param("about.json", lambda data: data.pop("language"), ["about.json: language"], id="no language"),
        pytest.param("about.json", lambda data: data.update(language="English"), ["language"], id="no code"),
        pytest.param("about.json", lambda data: data.update(format=2), ["about.json: format"], id="newer format"),
        pytest.param("about.json", lambda data: data.update(mood="good"), ["about.json: mood"], id="unknown field"),
        pytest.param("about.json", lambda data: data.update(duration=55.0), ["events.15.at is 60.4"], id="after end"),
        pytest.param(
            "events.json",
            lambda data: data["events"][3].update(kind="HOVER"),
            ["events.json: events.3.kind", "'HOVER' is not an action type"],
            id="kind",
        ),
        pytest.param(
            "events.json",
            lambda data: data["events"][3].update(also=["HOVER"]),
            ["events.json: events.3.also.0"],
            id="other kind",
        ),
        pytest.param(
            "events.json", lambda data: data["events"][1].update(until=1.0), ["events.1", "before at"], id="ends before"
        ),
        pytest.param("events.json", lambda data: data["speech"][2].update(end=1.0), ["speech.2"], id="speech ends"),
        pytest.param("events.json", lambda data: data["events"].reverse(), ["events.1 begins at"], id="not ordered"),
        pytest.param(
            "events.json",
            lambda data: data["events"][0].update(step="nowhere"),
            ["events.0.step is 'nowhere'", "not a node of sop.json"],
            id="step",
        ),
        pytest.param("sop.json", lambda data: data["meta"].pop("goal"), ["sop.json: meta.goal"], id="form of the SOP"),
        pytest.param(
            "sop.json", lambda data: data["public"]["edges"].pop(), ["sop.json: ", "all_processed"], id="rules of it"
        ),
    ],
)
def test_a_fault_names_file_and_field(root: Path, file: str, edit: Callable[[Any], object], names: list[str]) -> None:
    change(root, file, edit)
    message = only_fault(root)
    assert str(root / NAME) in message
    for name in names:
        assert name in message


def test_a_file_that_is_no_json_or_not_there_is_named(root: Path) -> None:
    path = root / NAME / "events.json"
    path.write_text("{")
    assert f"{path} is not JSON" in only_fault(root)
    path.unlink()
    assert f"{path} cannot be read" in only_fault(root)


def test_a_recording_without_a_step_is_no_gold(root: Path) -> None:
    def no_steps(data: Any) -> None:
        data["public"]["nodes"] = [
            {"id": "a", "type": "trigger", "label": "a"},
            {"id": "b", "type": "end", "label": "b"},
        ]
        data["public"]["edges"] = [{"source": "a", "target": "b", "condition": "next"}]

    change(root, "sop.json", no_steps)
    change(root, "events.json", lambda data: data.update(events=[], speech=[]))
    assert "no task, decision or loop" in only_fault(root)


def test_a_recording_must_be_the_one_that_is_meant(root: Path) -> None:
    (root / NAME / "recording.webm").write_bytes(b"another one")
    assert "sha256 is 12c44b29" in only_fault(root)


def test_several_recordings_in_a_folder_are_refused(root: Path) -> None:
    change(root, "about.json", lambda data: data.update(sha256=None))
    (root / NAME / "recording.webm").write_bytes(b"one")
    (root / NAME / "recording.mp4").write_bytes(b"other")
    assert "more than one recording: recording.mp4, recording.webm" in only_fault(root)


def test_the_recording_is_found(root: Path) -> None:
    shutil.copy(RECORDING, root / NAME / "recording.mp4")
    (found,) = read_gold(root).recordings
    assert found.recording == root / NAME / "recording.mp4"


def test_a_bad_recording_does_not_stop_the_others(root: Path) -> None:
    shutil.copytree(GOLD / "urlaubsantrag", root / "urlaubsantrag")
    (root / NAME / "sop.json").write_text("[]")
    (root / ".git").mkdir()
    found = read_gold(root)
    assert [one.name for one in found.recordings] == ["urlaubsantrag"]
    assert [fault.name for fault in found.faults] == [NAME]


@pytest.mark.parametrize("what", ["missing", "empty"])
def test_a_root_without_recordings_is_an_error(tmp_path: Path, what: str) -> None:
    root = tmp_path / what
    if what == "empty":
        root.mkdir()
    with pytest.raises(GoldUnreadable, match=what):
        read_gold(root)


def test_the_schemas_are_those_of_the_models() -> None:
    for name, schema in schemas().items():
        kept = FOLDER / name.replace(".json", ".schema.json")
        assert kept.read_text() == text_of(schema), "run `python -m runops_evaluation.gold.schemas` again"


def test_the_recordings_of_the_tests_keep_the_schemas() -> None:
    for name, schema in schemas().items():
        jsonschema.Draft202012Validator.check_schema(schema)
        for one in all_gold():
            jsonschema.validate(json.loads((GOLD / one.name / name).read_text()), schema)
