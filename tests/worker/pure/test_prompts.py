"""Which prompts can be read."""

from pathlib import Path

import pytest

from runops.failures import Failed, Reason
from runops_worker.prompts import load_prompt


@pytest.mark.parametrize("name", ["missing.md", "../secret.md", "/etc/passwd", ""])
def test_the_failure_of_a_missing_prompt_names_those_that_are_installed(name: str) -> None:
    with pytest.raises(Failed) as failed:
        load_prompt(name)
    assert failed.value.reason is Reason.PROMPT_MISSING
    assert name != "missing.md" or "sop_parser_v0.8.md" in failed.value.detail


def test_prompts_whose_configmap_is_gone_are_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(Failed) as gone:
        load_prompt("sop_parser_v0.8.md", tmp_path, config_map="prompts-1")
    (tmp_path / "other.md").write_text("Another prompt.", "utf-8")
    with pytest.raises(Failed) as misspelt:
        load_prompt("sop_parser_v0.8.md", tmp_path, config_map="prompts-1")

    assert "The prompts of this video are gone: the ConfigMap prompts-1 was deleted" in gone.value.detail
    assert "Prompts there: other.md." in misspelt.value.detail
