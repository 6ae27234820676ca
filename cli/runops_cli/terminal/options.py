"""Options that more than one command has."""

from pathlib import Path
from typing import Annotated

import typer

from runops.videojob import ModelChoice

__all__ = ["DEFAULT_MODELS", "Context", "EnvFile", "Namespace", "SopModel", "TranscribeModel"]

DEFAULT_MODELS = ModelChoice()

TranscribeModel = Annotated[
    str,
    typer.Option("--model", envvar="RUNOPS_MODEL_TRANSCRIBE", help="Gemini model for the transcript."),
]
SopModel = Annotated[str, typer.Option("--sop-model", envvar="RUNOPS_MODEL_SOP", help="Gemini model for the SOP.")]
Context = Annotated[
    str | None, typer.Option("--context", help="The kubeconfig's context to use.", show_default="the current one")
]
Namespace = Annotated[
    str | None,
    typer.Option("--namespace", "-n", help="Namespace of the VideoJobs.", show_default="the context's"),
]
EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        exists=True,
        dir_okay=False,
        readable=True,
        help="Read settings from this file; what it names wins over the environment. "
        "Without it, .env.local and .env of the current directory are read.",
    ),
]
