"""docs/answers.md has an example of each rule, and the examples are true."""

import json
import re
from pathlib import Path

import pytest

from runops.transcript import dump_transcript
from runops_worker.transcription.answer.read_answer import read_answer
from runops_worker.transcription.answer.rules import Rule
from tests.worker.pure.answers import AUDIO, VISUAL

PAGE = (Path(__file__).parents[3] / "docs/answers.md").read_text("utf-8")
ROWS = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+) \|$", PAGE[PAGE.index("## Rules") :], re.MULTILINE)
_CODE = re.compile(r"(?<!`)(`+)(?!`) ?(.+?) ?(?<!`)\1(?!`)")


def _fields(cell: str) -> dict[str, object] | None:
    """Return the fields that the code in a cell gives an item; None where it is no list of fields."""
    code = _CODE.match(cell)
    if code is None or not code[2].startswith('"') or code[2].startswith('"['):
        return None
    fields: dict[str, object] = json.loads(f"{{{code[2]}}}")
    return fields


def test_every_rule_has_an_example_and_no_other_name_is_there() -> None:
    assert {rule for rule, _, _ in ROWS} == {rule.value for rule in Rule}


@pytest.mark.parametrize(("rule", "answered", "read_as"), ROWS)
def test_an_example_is_read_by_its_rule(rule: str, answered: str, read_as: str) -> None:
    fields = _fields(answered)
    if fields is None:
        code = _CODE.match(answered)
        assert code is not None
        one = json.dumps({**AUDIO, "timestamp_start_audio": "00:00:01"})
        text = re.sub(r"\bA\b(?!\\)", lambda _: one, code[2])
        text = re.sub(r"\bB\b", lambda _: json.dumps(VISUAL), text).replace("```json ", "```json\n")
        if rule == "json_in_text":
            text = json.dumps(text.strip('"'))
        answer = read_answer(text, length=60)
    else:
        is_audio = set(fields) <= set(AUDIO) and "timestamp_end_audio" in fields
        answer = read_answer(json.dumps([{**(AUDIO if is_audio else VISUAL), **fields}]), length=60)
        expected = _fields(read_as) or {}
        item = dump_transcript(answer.items)[0]
        assert {name: item[name] for name in expected} == expected
    assert answer.settled.get(rule, 0) >= 1
    assert (answer.unsettled, answer.unusable, answer.complete) == ((), None, True)
    assert answer.items
