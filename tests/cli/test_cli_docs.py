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
from tests.cli.reference_page import page

PAGE = (Path(__file__).parents[2] / "docs" / "cli.md").read_text("utf-8")
REFERENCE = (Path(__file__).parents[2] / "docs" / "cli-reference.md").read_text("utf-8")


_PROGRAM = typer.main.get_command(app)
assert isinstance(_PROGRAM, TyperGroup)
COMMANDS = dict(_PROGRAM.commands)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_example(runops: Callable[..., Result], name: str) -> None:
    assert f"Example: runops {name}" in runops(name, "--help").stdout


def test_the_page_lists_every_command_in_the_order_of_the_help() -> None:
    listed = re.findall(r"`runops (\w+)`", PAGE.partition("## Settings")[0].partition("| --- |")[2])
    assert [name for name in listed if name in COMMANDS][: len(COMMANDS)] == list(COMMANDS)


def test_the_page_of_options_is_the_generated_one() -> None:
    assert page() == REFERENCE, "run `make cli`"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_of_options_has_every_option_of_a_command(name: str) -> None:
    chapter = REFERENCE.partition(f"## runops {name}\n")[2].partition("\n## ")[0]
    options = [{*one.opts, *one.secondary_opts} for one in COMMANDS[name].params if one.opts[0].startswith("-")]
    named = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", chapter))
    assert [words for words in options if not words <= named | {"--help", "-h"}] == []


def test_the_page_has_every_exit_code() -> None:
    table = PAGE.partition("## Exit codes")[2].partition("## ")[0]
    codes = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE) for code in row.split(",")}
    assert codes == {int(code) for code in Exit}
