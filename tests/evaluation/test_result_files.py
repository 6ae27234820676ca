"""Results as files: written, read back, and refused by name of file and field."""

import json
from pathlib import Path
from typing import Any

import pytest

from runops.quality import Quality
from runops.report import Usage
from runops.transcript import dump_transcript
from runops_evaluation.results.files import ResultMissing, ResultUnreadable, read_result, write_result_files
from tests.evaluation.gold_set import gold_named, perfect, perfect_items

NAME = "urlaubsantrag"


def contents() -> dict[str, Any]:
    gold = gold_named(NAME)
    return {
        "transcript": dump_transcript(perfect_items(gold)),
        "sop": gold.sop.dump(),
        "usage": Usage(cost_usd="0.5", total_tokens=7).model_dump(mode="json", by_alias=True),
        "quality": Quality().model_dump(mode="json", by_alias=True),
        "evidence": {
            "format": 1,
            "nodes": {"neu": [{"id": "t0001", "start": "00:00:03", "end": "00:00:04.500"}, {"start": "00:00:09"}]},
        },
    }


def test_what_was_written_is_read(tmp_path: Path) -> None:
    write_result_files(tmp_path / "new", NAME, contents())
    found = read_result(tmp_path / "new", NAME)
    assert found.transcript == perfect(gold_named(NAME)).transcript
    assert found.sop == gold_named(NAME).sop
    assert found.usage == Usage(cost_usd="0.5", total_tokens=7)
    assert found.quality == Quality()
    assert found.evidence == {"neu": ((3.0, 4.5), (9.0, 9.0))}
    assert found.failure is None


def test_a_failure_replaces_an_earlier_result(tmp_path: Path) -> None:
    write_result_files(tmp_path, NAME, contents())
    write_result_files(tmp_path, NAME, {"failed": {"message": "The model refused it."}, "usage": {"totalTokens": 9}})
    found = read_result(tmp_path, NAME)
    assert (found.failure, found.sop, found.transcript) == ("The model refused it.", None, ())
    assert found.usage is not None
    assert found.usage.total_tokens == 9
    write_result_files(tmp_path, NAME, contents())
    assert read_result(tmp_path, NAME).failure is None


@pytest.mark.parametrize("kind", ["transcript", "sop"])
def test_a_missing_file_is_named(tmp_path: Path, kind: str) -> None:
    write_result_files(tmp_path, NAME, contents())
    (tmp_path / f"{NAME}.{kind}.json").unlink()
    with pytest.raises(ResultMissing, match=rf"{NAME}\.{kind}\.json does not exist"):
        read_result(tmp_path, NAME)


@pytest.mark.parametrize("kind", ["usage", "quality", "evidence"])
def test_other_files_may_be_missing(tmp_path: Path, kind: str) -> None:
    write_result_files(tmp_path, NAME, contents())
    (tmp_path / f"{NAME}.{kind}.json").unlink()
    assert getattr(read_result(tmp_path, NAME), kind) is None


@pytest.mark.parametrize(
    ("kind", "text", "named"),
    [
        ("transcript", "[{}]", r"transcript\.json: 0\.timestamp_start_visual: Field required"),
        ("transcript", '[{"timestamp_start_audio": "soon"}]', r"transcript\.json: 0\.timestamp_start_audio: .*'soon'"),
        ("transcript", "{}", r"transcript\.json: the transcript must be a list"),
        ("transcript", "{", "is not JSON"),
        ("sop", "{}", r"sop\.json: meta: Field required"),
        ("usage", '{"totalTokens": -1}', r"usage\.json: totalTokens"),
        ("evidence", "[]", r"evidence\.json: nodes must map"),
        ("evidence", '{"nodes": {"neu": [{"start": "soon"}]}}', r"evidence\.json: nodes must map"),
    ],
)
def test_a_fault_names_file_and_field(tmp_path: Path, kind: str, text: str, named: str) -> None:
    write_result_files(tmp_path, NAME, contents())
    (tmp_path / f"{NAME}.{kind}.json").write_text(text)
    with pytest.raises(ResultUnreadable, match=named):
        read_result(tmp_path, NAME)


def test_no_half_file_is_left(tmp_path: Path) -> None:
    write_result_files(tmp_path, NAME, contents())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"{NAME}.{kind}.json" for kind in contents())
    assert json.loads((tmp_path / f"{NAME}.sop.json").read_text()) == contents()["sop"]
