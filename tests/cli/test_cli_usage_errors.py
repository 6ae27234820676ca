"""What `runops` says of a command line that it cannot read."""

import pytest
from typer.testing import CliRunner

from runops_cli.main import app
from runops_cli.terminal.exit_codes import Exit


def told(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == Exit.USAGE
    assert not result.stdout
    return result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["lisst"], "No such command 'lisst'. Did you mean 'list'? `runops -h` explains it."),
        (["unlike-any"], "No such command 'unlike-any'. `runops -h` explains it."),
        (["list", "--statsu", "x"], "No such option: --statsu. Did you mean --status? `runops list -h` explains it."),
        (["retry", "--unlike"], "No such option: --unlike. `runops retry -h` explains it."),
        (["get"], "Missing argument 'JOB'. `runops get -h` explains it."),
        (["list", "extra"], "Got unexpected extra argument(s) (extra). `runops list -h` explains it."),
        (["list", "--env-file"], "Option '--env-file' requires an argument. `runops list -h` explains it."),
        (["get", "a\nb"], "`runops get -h` explains it."),
    ],
)
def test_a_wrong_command_line_gets_one_line_without_a_frame(arguments: list[str], sentence: str) -> None:
    line = told(*arguments)
    assert line.endswith(sentence + "\n")
    assert line.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "told_about"),
    [
        (["list", "--user", "nobody"], "It is not a UUID such as 1f0c2b1e-8a4c-4f0e-b7a8-3f3f7e5f1c11."),
        (["list", "--limit", "0"], "It is less than 1."),
        (["list", "--limit", "some"], "It is not a number."),
        (["stats", "--since", "0d"], "Nothing happened since 0d ago. Use 30m, 2h or 7d."),
        (["list", "--since", "0.0 h"], "Nothing happened since 0.0 h ago. Use 30m, 2h or 7d."),
    ],
)
def test_a_wrong_value_is_told_in_words_for_people(arguments: list[str], told_about: str) -> None:
    line = told(*arguments)
    assert line.startswith("Invalid value for ")
    assert line.endswith(f": {told_about} `runops {arguments[0]} -h` explains it.\n")
    assert "Input should" not in line


def test_a_wrong_value_is_told_with_its_option_and_without_the_name_of_an_exception() -> None:
    line = told("list", "--sort", "sideways")
    assert line.startswith("Invalid value for '--sort': 'sideways' is not one of 'newest', ")


def test_without_arguments_the_help_is_printed_and_nothing_else() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == Exit.USAGE
    assert "Usage: " in result.stdout
    assert not result.stderr
