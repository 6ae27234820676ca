"""Options that more than one command has."""

from typing import Annotated

import typer

from runops.videojob import ModelChoice

__all__ = ["DEFAULT_MODELS", "SopModel", "TranscribeModel"]

DEFAULT_MODELS = ModelChoice()

TranscribeModel = Annotated[
    str,
    typer.Option("--model", envvar="RUNOPS_MODEL_TRANSCRIBE", help="Gemini model for the transcript."),
]
SopModel = Annotated[str, typer.Option("--sop-model", envvar="RUNOPS_MODEL_SOP", help="Gemini model for the SOP.")]
