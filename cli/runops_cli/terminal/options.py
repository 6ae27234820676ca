"""Options that more than one command has."""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from runops.videojob import ModelChoice
from runops_cli.terminal.completion import complete_job
from runops_cli.terminal.job_refs import JobRef, parse_job_ref

__all__ = [
    "DEFAULT_MODELS",
    "Context",
    "EnvFile",
    "FallbackModels",
    "Job",
    "Jobs",
    "JobsIfAny",
    "ListFormat",
    "Namespace",
    "PageFormat",
    "Release",
    "SopModel",
    "TableFormat",
    "TextFormat",
    "TranscribeModel",
    "model_choice",
]

DEFAULT_MODELS = ModelChoice()

_JOB_HELP = "Id of the job, or at least four characters of its beginning."
_JOBS_HELP = "Ids of the jobs, or at least four characters of the beginning of each."
Job = Annotated[
    JobRef, typer.Argument(parser=parse_job_ref, autocompletion=complete_job, help=_JOB_HELP, metavar="JOB")
]
Jobs = Annotated[
    list[JobRef], typer.Argument(parser=parse_job_ref, autocompletion=complete_job, help=_JOBS_HELP, metavar="JOB")
]
JobsIfAny = Annotated[
    list[JobRef] | None,
    typer.Argument(
        parser=parse_job_ref, autocompletion=complete_job, help=_JOBS_HELP, metavar="JOB", show_default=False
    ),
]
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


class ListFormat(StrEnum):
    """Values of `--output` of a list of jobs."""

    TABLE = "table"
    WIDE = "wide"
    JSON = "json"
    YAML = "yaml"
    CSV = "csv"
    NAME = "name"


class PageFormat(StrEnum):
    """Values of `--output` of one job."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


class TextFormat(StrEnum):
    """Values of `--output` where the default is text."""

    TEXT = "text"
    JSON = "json"
