"""What `--help` and docs/cli.md say of the commands, held against the commands."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperGroup
from typer.testing import Result

from runops_cli.main import app
from runops_cli.terminal.exit_codes import Exit

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
NOT_OF_ONE_COMMAND = {"--help", "-h", "--env-file"}


_PROGRAM = typer.main.get_command(app)
assert isinstance(_PROGRAM, TyperGroup)
COMMANDS = dict(_PROGRAM.commands)


def chapter(command: str) -> str:
    """What the page says under the heading that names the command."""
    found = re.search(rf"^## .*\brunops {command}\b.*?(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return found.group() if found else ""


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(runops: Callable[..., Result], name: str) -> None:
    assert f"Example: runops {name}" in runops(name, "--help").stdout


def test_the_page_lists_every_command_in_the_order_of_the_help() -> None:
    listed = re.findall(r"`runops (\w+)`", PAGE.partition("## Settings")[0].partition("| --- |")[2])
    assert [name for name in listed if name in COMMANDS][: len(COMMANDS)] == list(COMMANDS)


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "version"])
def test_the_page_has_every_option(name: str) -> None:
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", chapter(name)))
    options = [{*one.opts, *one.secondary_opts} for one in COMMANDS[name].params if one.opts[0].startswith("-")]
    assert [words for words in options if not words & (named | NOT_OF_ONE_COMMAND)] == []


def test_the_page_has_every_exit_code() -> None:
    table = PAGE.partition("## Exit codes")[2].partition("## ")[0]
    codes = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    assert codes == {int(code) for code in Exit}
