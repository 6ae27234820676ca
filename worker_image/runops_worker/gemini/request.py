"""What is sent with one call: the turns and the settings. Pure."""

from typing import TYPE_CHECKING

from runops.picture_resolution import PictureResolution
from runops_worker.gemini.files import UploadedFile
from runops_worker.model.estimate import MOST_FPS
from runops_worker.model.protocol import Question

if TYPE_CHECKING:
    from google.genai import types

__all__ = ["call_config", "call_contents"]


def call_contents(question: Question, video: UploadedFile | None) -> "list[types.Content]":
    """Return the turns: video and text, then the exchanges before a repair."""
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    parts = [types.Part(text=question.text)]
    if video is not None:
        # The text comes after the video: the model reads best in that order.
        parts.insert(0, _video_part(video))
    contents = [types.Content(role="user", parts=parts)]
    for exchange in question.exchanges:
        contents.append(types.Content(role="model", parts=[types.Part(text=exchange.answer)]))
        contents.append(types.Content(role="user", parts=[types.Part(text=exchange.complaint)]))
    return contents


def _video_part(video: UploadedFile) -> "types.Part":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    data = types.FileData(file_uri=video.file.uri, mime_type=video.file.mime_type)
    if video.fps == 1:
        # One picture per second is what the API takes where nothing is said.
        return types.Part(file_data=data)
    return types.Part(file_data=data, video_metadata=types.VideoMetadata(fps=_sampled_fps(video)))


def _sampled_fps(video: UploadedFile) -> int:
    return min(video.fps, MOST_FPS)


def call_config(question: Question, *, video: UploadedFile | None, with_schema: bool) -> "types.GenerateContentConfig":
    """Return the settings.

    Parameters
    ----------
    question, video
        What is asked, and about what.
    with_schema
        False where the API refused the schema; the prompt alone then says which JSON is wanted.
    """
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    return types.GenerateContentConfig(
        system_instruction=question.instruction,
        response_mime_type="application/json",
        response_json_schema=question.schema if with_schema else None,
        max_output_tokens=question.max_output_tokens,
        # Text has no resolution.
        media_resolution=None if video is None else _media_resolution(question.resolution),
        thinking_config=_thinking(question),
        # Recordings and transcripts are not to be kept by the provider.
        store=False,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
    )


def _media_resolution(resolution: PictureResolution) -> "types.MediaResolution":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    return types.MediaResolution(f"MEDIA_RESOLUTION_{resolution.name}")


def _thinking(question: Question) -> "types.ThinkingConfig":
    from google.genai import types  # noqa: PLC0415 - the SDK is loaded when the model is opened

    if _is_gemini_2(question.model):
        # This family takes a number of tokens and answers 400 to the levels of later ones.
        return types.ThinkingConfig(thinking_budget={"low": 1024, "medium": 8192, "high": 16384}[question.thinking])
    return types.ThinkingConfig(thinking_level=types.ThinkingLevel(question.thinking.upper()))


def _is_gemini_2(model: str) -> bool:
    return model.removeprefix("models/").startswith("gemini-2")
