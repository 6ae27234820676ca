import ast
from functools import cache
from pathlib import Path

import pytest

from runops.failures import Reason
from runops.failures_page import page

_CHECKOUT = Path(__file__).parents[2]


def test_the_page_of_failures_is_the_generated_one() -> None:
    assert (_CHECKOUT / "docs" / "failures.md").read_text("utf-8") == page(), "run `make failures`"


@cache
def _named_in_tests() -> set[str]:
    """Return the words and the names of reasons that some test, in its code, expects or brings about."""
    named: set[str] = set()
    for path in (_CHECKOUT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "Reason":
                named.add(node.attr)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                named.update(node.value.split())
    return named


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_brought_about_by_a_test(reason: Reason) -> None:
    assert {reason.name, reason.value} & _named_in_tests(), f"no test names {reason}"
