"""`about.json`: what a gold recording is and where it comes from."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["LANGUAGE", "About"]

LANGUAGE = r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"
"""A language by its code, such as `en` or `de-AT`."""


class About(BaseModel):
    """What a gold recording is and where it comes from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Annotated[Literal[1], Field(description="Version of this format.")]
    task: Annotated[str, Field(min_length=1, description="What is done in the recording, in one sentence.")]
    language: Annotated[
        str, Field(pattern=LANGUAGE, description="Language of narration and SOP, such as `en` or `de-AT`.")
    ]
    synthetic_narration: Annotated[bool, Field(description="Whether a program speaks, not a person.")]
    duration: Annotated[float, Field(gt=0, le=86_400, description="Length of the recording in seconds.")]
    made_by: Annotated[
        str, Field(min_length=1, description="Who or what made the recording: a person, or the script's module.")
    ]
    sha256: Annotated[
        str | None,
        Field(
            pattern=r"^[0-9a-f]{64}$",
            description="SHA-256 of the recording, in hexadecimal; null where each making gives another file.",
        ),
    ]
