"""Options that more than one command has."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from runops.videojob import ModelChoice

__all__ = [
    "DEFAULT_MODELS",
    "Context",
    "EnvFile",
    "Job",
    "Jobs",
    "Namespace",
    "SopModel",
    "TableFormat",
    "TextFormat",
    "TranscribeModel",
]

DEFAULT_MODELS = ModelChoice()

Job = Annotated[UUID, typer.Argument(help="The job's id.", metavar="JOB")]
Jobs = Annotated[list[UUID], typer.Argument(help="The jobs' ids.", metavar="JOB...")]
TranscribeModel = Annotated[
    str, typer.Option("--model", envvar="RUNOPS_MODEL_TRANSCRIBE", help="Gemini model for the transcript.")
]
SopModel = Annotated[str, typer.Option("--sop-model", envvar="RUNOPS_MODEL_SOP", help="Gemini model for the SOP.")]
Context = Annotated[
    str | None, typer.Option("--context", help="Context of the kubeconfig.", show_default="the current one")
]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace of the VideoJobs.", show_default="the context's")
]
EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        exists=True,
        dir_okay=False,
        readable=True,
        help="File with settings; they override the environment. Without it, runops reads .env.local and .env in the "
        "current directory.",
    ),
]


class TableFormat(StrEnum):
    """Values of `--output` where the default is a table."""

    TABLE = "table"
    JSON = "json"


class TextFormat(StrEnum):
    """Values of `--output` where the default is text."""

    TEXT = "text"
    JSON = "json"
