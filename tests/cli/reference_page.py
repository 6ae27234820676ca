"""Writes docs/cli-reference.md from the program itself: `python -m tests.cli.reference_page`."""

import re
import sys
from collections.abc import Iterator

import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from runops_cli.main import app

__all__ = ["page"]

_HEAD = """\
# Commands and options

Every command of `runops` with its arguments and options, as `runops COMMAND --help` has them. [cli.md](cli.md) shows
what the commands print and explains settings and exit codes. This page is generated from the program by `make cli`.

"""
_CODE = re.compile(r"(?<![`\w])(--[a-z][\w-]*|[A-Z]{2,}(?:_[A-Z]+)+|metadata\.\w+|spec\.\w+)(?![`\w])")
_EXAMPLE = "Example: "
_OF_ALL = frozenset({"help"})


def page() -> str:
    """Return the page."""
    program = typer.main.get_command(app)
    assert isinstance(program, TyperGroup)
    parts = [_HEAD, *_index(program)]
    for name, command in _commands(program).items():
        parts += ["\n", *_command(name, command)]
    return "".join(parts)


def _commands(program: TyperGroup) -> dict[str, TyperCommand]:
    return {name: one for name, one in program.commands.items() if isinstance(one, TyperCommand)}


def _index(program: TyperGroup) -> Iterator[str]:
    yield "| Command | What it does |\n| --- | --- |\n"
    for name, command in _commands(program).items():
        yield f"| [`runops {name}`](#runops-{name}) | {_marked(_sentences(command)[0])} |\n"


def _command(name: str, command: TyperCommand) -> Iterator[str]:
    context = typer.Context(command, info_name=name)
    yield f"## runops {name}\n\n"
    arguments = [one for one in command.params if isinstance(one, TyperArgument)]
    yield f"    {' '.join(['runops', name, '[OPTIONS]', *map(_argument, arguments)])}\n\n"
    texts, examples = _texts(command)
    for text in texts:
        yield f"{_marked(text)}\n\n"
    rows = [_line(_argument(one), one.help or "") for one in arguments]
    if rows:
        yield f"| Argument | Meaning |\n| --- | --- |\n{''.join(rows)}\n"
    options = [one for one in command.params if isinstance(one, TyperOption) and not one.hidden]
    records = [one.get_help_record(context) for one in options if one.name not in _OF_ALL]
    if rows := [_line(*record) for record in records if record is not None]:
        yield f"| Option | Meaning |\n| --- | --- |\n{''.join(rows)}\n"
    yield "".join(f"    {example}\n" for example in examples)


def _argument(argument: TyperArgument) -> str:
    named = (argument.metavar or (argument.name or "").upper()) + ("..." if argument.nargs == -1 else "")
    return named if argument.required else f"[{named}]"


def _line(said: str, meaning: str) -> str:
    names = " ".join(said.split()).replace("|", "\\|")
    return f"| `{names}` | {_marked(' '.join(meaning.split())).replace('|', chr(92) + '|')} |\n"


def _texts(command: TyperCommand) -> tuple[list[str], list[str]]:
    paragraphs = [" ".join(one.split()) for one in (command.help or "").split("\n\n")]
    examples = [one.removeprefix(_EXAMPLE) for one in paragraphs if one.startswith(_EXAMPLE)]
    return [one for one in paragraphs if one and not one.startswith(_EXAMPLE)], examples


def _sentences(command: TyperCommand) -> list[str]:
    first = _texts(command)[0][0]
    return [first.split(". ")[0].rstrip(".:")]


def _marked(text: str) -> str:
    """Return the text with the names of options and settings as code."""
    return _CODE.sub(r"`\1`", text).replace("<", "&lt;")


if __name__ == "__main__":
    sys.stdout.write(page())
