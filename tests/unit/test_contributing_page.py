"""CONTRIBUTING.md answers where to change what, and the answers are true."""

import re
from pathlib import Path

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
_ANSWER = re.compile(r"^\| (?P<question>[^|]+\?) \| `(?P<path>[^`]+)` \| `(?P<name>[^`]+)` \|$", re.MULTILINE)
ANSWERS = _ANSWER.findall((CHECKOUT / "CONTRIBUTING.md").read_text("utf-8"))


def test_at_least_ten_questions_are_answered() -> None:
    assert len({question for question, _, _ in ANSWERS}) >= 10


@pytest.mark.parametrize(("question", "path", "name"), ANSWERS)
def test_the_named_file_defines_the_name(question: str, path: str, name: str) -> None:
    source = (CHECKOUT / path).read_text("utf-8")
    defined = rf"^(?:class {name}\b|(?:async )?def {name}\b|{name}\b.*=)"
    assert re.search(defined, source, re.MULTILINE), f"{question} {path} defines no {name}"


def test_each_hook_before_a_commit_runs_a_program_of_the_venv() -> None:
    configuration = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text("utf-8"))
    programs = [hook["entry"].split()[0] for repo in configuration["repos"] for hook in repo["hooks"]]
    assert programs
    assert [program for program in programs if not (CHECKOUT / program).exists()] == []
