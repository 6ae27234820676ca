"""Checks a page by the rules of axe-core."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from playwright.sync_api import Page

from devstack.processes import npm

__all__ = ["axe", "violations"]

_HERE = Path(__file__).parent
_RUN = """async (tags) => {
    const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"] });
    return found.violations.flatMap((one) => one.nodes.map(
        (node) => `${one.id} (${one.impact}): ${one.help}: ${node.target.join(" ")}: ${node.html.slice(0, 160)}`));
}"""
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(page: Page) -> list[str]:
    """Return a line for each element of a page that breaks a rule of WCAG 2.2 AA or a best practice.

    The rules run in the page as the debugger's script, so its content security policy does not matter.
    """
    page.evaluate(axe())
    found: list[str] = page.evaluate(_RUN, _TAGS)
    return found


@cache
def axe() -> str:
    """Return the script, installing it on first use.

    Raises
    ------
    StackError
        npm is missing, or the installation fails.
    """
    home = npm.installed(_HERE, name="axe-core", what="axe-core")
    return (home / "node_modules/axe-core/axe.min.js").read_text()
