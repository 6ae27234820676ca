"""Options that more than one command has."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from pydantic import ValidationError

from runops.videojob import ModelChoice

__all__ = [
    "DEFAULT_MODELS",
    "Context",
    "EnvFile",
    "FallbackModels",
    "Job",
    "Jobs",
    "Namespace",
    "Release",
    "SopModel",
    "TableFormat",
    "TextFormat",
    "TranscribeModel",
    "model_choice",
]

DEFAULT_MODELS = ModelChoice()

Job = Annotated[UUID, typer.Argument(help="The job's id.", metavar="JOB")]
Jobs = Annotated[list[UUID], typer.Argument(help="The jobs' ids.", metavar="JOB...")]
TranscribeModel = Annotated[
    str, typer.Option("--model", envvar="RUNOPS_MODEL_TRANSCRIBE", help="Gemini model for the transcript.")
]
SopModel = Annotated[str, typer.Option("--sop-model", envvar="RUNOPS_MODEL_SOP", help="Gemini model for the SOP.")]
FallbackModels = Annotated[
    list[str],
    typer.Option(
        "--fallback-model",
        envvar="RUNOPS_MODEL_FALLBACK",
        metavar="NAME",
        help="Gemini model that is asked where one of these is retired, stays overloaded or gives no usable answer. "
        "Repeat it for up to 3; in the variable they have commas between them.",
        show_default="none",
    ),
]
Context = Annotated[
    str | None, typer.Option("--context", help="Context of the kubeconfig.", show_default="the current one")
]
Namespace = Annotated[
    str | None, typer.Option("--namespace", "-n", help="Namespace of the VideoJobs.", show_default="the context's")
]
Release = Annotated[
    str | None, typer.Option("--release", help="Release of the chart.", show_default="the only one in the namespace")
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


def model_choice(transcribe: str, sop: str, fallback: Sequence[str]) -> ModelChoice:
    """Return the models that the values of `--model`, `--sop-model` and `--fallback-model` name.

    Raises
    ------
    typer.BadParameter
        A name is malformed, or there are too many fallback models.
    """
    names = tuple(name.strip() for value in fallback for name in value.split(",") if name.strip())
    try:
        return ModelChoice(transcribe=transcribe, sop=sop, fallback=names)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        option = {"transcribe": "--model", "sop": "--sop-model", "fallback": "--fallback-model"}[str(first["loc"][0])]
        raise typer.BadParameter(f"{option}: {first['msg'].removeprefix('Value error, ')}") from error


class TableFormat(StrEnum):
    """Values of `--output` where the default is a table."""

    TABLE = "table"
    JSON = "json"


class TextFormat(StrEnum):
    """Values of `--output` where the default is text."""

    TEXT = "text"
    JSON = "json"
