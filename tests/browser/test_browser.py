"""The browser of the tests notices what it is there to notice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from devstack.cluster.model import ClusterUnavailable
from tests.browser import chromium
from tests.browser.accessibility import violations

_GOOD = """<!doctype html><html lang="en"><head><title>A page</title></head><body>
<main><h1>A page</h1><label>Name <input></label></main></body></html>"""


def test_a_page_that_keeps_the_rules_has_no_violations(page: Page) -> None:
    page.set_content(_GOOD)
    assert violations(page) == []


@pytest.mark.parametrize(
    ("broken", "rule"),
    [
        ("<img src='data:,'>", "image-alt"),
        ("<input>", "label"),
        ("<p style='color:#999;background:#fff'>pale</p>", "color-contrast"),
    ],
)
def test_each_violation_names_its_rule_and_its_element(page: Page, broken: str, rule: str) -> None:
    page.set_content(_GOOD.replace("</main>", f"{broken}</main>"))
    assert [line.partition(" ")[0] for line in violations(page)] == [rule]


def test_a_policy_without_inline_scripts_does_not_hide_violations(page: Page) -> None:
    policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\"><title>"
    page.set_content(_GOOD.replace("<title>", policy).replace("</main>", "<input></main>"))
    assert [line.partition(" ")[0] for line in violations(page)] == ["label"]


def test_errors_of_a_page_and_requests_to_others_are_noted(page: Page, complaints: list[str]) -> None:
    page.route("https://example.com/**", lambda route: route.abort())
    with page.expect_request("https://example.com/**"), page.expect_event("pageerror"):
        page.set_content(
            "<script>console.error('said'); throw new Error('thrown')</script><img alt='' src='https://example.com/a'>"
        )
    assert "asked another machine: https://example.com" in complaints
    assert "console: said" in complaints
    assert any(line.startswith("error in a script: ") and "thrown" in line for line in complaints)
    complaints.clear()


def test_a_page_can_be_dark_narrow_and_without_scripts(open_page: Callable[..., Page]) -> None:
    page = open_page(width=390, dark=True, javascript=False)
    page.set_content(_GOOD.replace("<main>", "<script>document.title = 'changed'</script><main>"))
    assert page.title() == "A page"
    assert page.evaluate("innerWidth") == 390
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")


@pytest.mark.parametrize(
    ("variable", "outcome"),
    [
        (("CI", "true"), pytest.fail.Exception),
        (("RUNOPS_REQUIRE_CLUSTER", "1"), pytest.fail.Exception),
        (("CI", ""), pytest.skip.Exception),
    ],
)
def test_a_machine_without_chromium_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str], outcome: type[BaseException]
) -> None:
    def refused(*_: object) -> None:
        raise ClusterUnavailable("missing here: chromium")

    for name in ("CI", "RUNOPS_REQUIRE_CLUSTER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(*variable)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(chromium, "ensure_packages", refused)
    with pytest.raises(outcome, match="NO CHROMIUM, so this shows nothing: missing here: chromium"):
        chromium.chromium_of_tests()
