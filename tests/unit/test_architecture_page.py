"""The pictures of docs/architecture.md show the layers that import-linter checks."""

import re
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
_PICTURE = re.compile(r"```mermaid\nflowchart TD\n    %% layers of (?P<container>\S+)\n(?P<body>.*?)```", re.DOTALL)
_BOX = re.compile(r'\["(?P<names>[^"]+)"\]')
PICTURES = {
    match["container"]: _BOX.findall(match["body"])
    for match in _PICTURE.finditer((CHECKOUT / "docs" / "architecture.md").read_text("utf-8"))
}


def layers_of_contracts() -> dict[str, list[str]]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    return {contract["containers"][0]: contract["layers"] for contract in contracts if contract["type"] == "layers"}


@pytest.mark.parametrize(
    "program", ["runops_operator", "runops_worker", "runops_worker.media", "runops_cli", "runops_ui"]
)
def test_the_picture_of_a_program_shows_its_layers(program: str) -> None:
    assert PICTURES.get(program) == layers_of_contracts()[program]


def test_no_program_has_more_than_eight_layers_and_the_worker_and_command_line_at_most_six() -> None:
    depth = {container: len(layers) for container, layers in layers_of_contracts().items()}
    assert max(depth["runops_worker"], depth["runops_cli"]) <= 6
    assert depth["runops_operator"] <= 8
