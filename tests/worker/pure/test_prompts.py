"""Which prompts can be read."""

import pytest

from runops.failures import Failed, Reason
from runops_worker.prompts import load_prompt


@pytest.mark.parametrize("name", ["missing.md", "../secret.md", "/etc/passwd", ""])
def test_the_failure_of_a_missing_prompt_names_those_that_are_installed(name: str) -> None:
    with pytest.raises(Failed) as failed:
        load_prompt(name)
    assert failed.value.reason is Reason.PROMPT_MISSING
    assert name != "missing.md" or "sop_parser_v0.8.md" in failed.value.detail
