"""What docs/quality.md says of the prompts."""

import json
import re
from pathlib import Path

import pytest

from runops_worker.model.estimate import text_tokens
from runops_worker.prompts import load_prompt
from runops_worker.sop.schema import sop_schema
from runops_worker.transcription.answer.schema import transcript_schema

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "quality.md").read_text("utf-8").partition("## Prompts")[2].partition("\n## ")[0]
PROMPTS = sorted(path.name for path in (ROOT / "prompts").glob("*.md"))


def test_the_page_lists_every_version() -> None:
    assert sorted(re.findall(r"^\| `([^`]+\.md)` ", PAGE, re.MULTILINE)) == PROMPTS


@pytest.mark.parametrize("name", PROMPTS)
def test_a_version_can_be_chosen_and_costs_what_the_page_says(name: str) -> None:
    row = re.search(rf"^\| `{re.escape(name)}` \| ([\d,]+) \|", PAGE, re.MULTILINE)
    assert row is not None
    assert int(row[1].replace(",", "")) == text_tokens(load_prompt(name).text)


def test_the_page_says_what_the_schemas_add() -> None:
    schemas = (transcript_schema(), sop_schema(with_evidence=True))
    transcript, sop = (text_tokens(json.dumps(schema, ensure_ascii=False)) for schema in schemas)
    assert f"the schema adds {transcript} and {sop}" in PAGE
