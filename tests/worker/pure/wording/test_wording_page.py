"""The page about SOPs and the code name the languages and the sentences that there are."""

import re
from pathlib import Path
from typing import get_args

from runops.quality import GapReason
from runops_worker.sop.evidence.literals import Kind
from runops_worker.sop.wording.sentences import ENGLISH, LANGUAGES

CHECKOUT = Path(__file__).parents[4]
WORKER = CHECKOUT / "worker_image/runops_worker"
PAGE = CHECKOUT / "docs/sop.md"


def test_every_sentence_is_used_and_none_is_asked_for_that_does_not_exist() -> None:
    code = "\n".join(file.read_text("utf-8") for file in WORKER.joinpath("sop").rglob("*.py"))
    by_value = {
        *get_args(Kind),
        *(f"gap_{reason}" for reason in get_args(GapReason)),
        *(f"no_{missing}" for missing in ("time", "endpoint", "signal")),
        *("yes", "no"),
    }
    named = set(re.findall(r'(?:wording\.say|self\.say|Question)\(\s*"(\w+)"', code))
    assert named | by_value == ENGLISH.templates.keys()


def test_the_page_names_the_languages() -> None:
    ((named,),) = [
        re.findall(r"\*\*(.*?)\*\*", line)
        for line in PAGE.read_text().splitlines()
        if "German, " in line and "**" in line
    ]
    assert sorted(re.split(r", | and ", named)) == sorted(LANGUAGES)
