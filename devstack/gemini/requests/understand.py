"""Understands one generate call: its model, text, media, limits. Refuses what the API refuses."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

from devstack.gemini.behaviour import CallKind
from devstack.gemini.files.measure import Media
from devstack.gemini.files.store import FileStore
from devstack.gemini.models import Model, check_thinking
from devstack.gemini.requests.schema_rules import accepted_schema
from devstack.gemini.tokens.count import PromptTokens, media_seconds, text_tokens
from devstack.gemini.wire.api_error import invalid

__all__ = ["Asked", "Watched", "count_contents", "understand"]

_MIME_TYPES = {
    "video": frozenset({"mp4", "mpeg", "mov", "quicktime", "avi", "x-flv", "mpg", "webm", "wmv", "3gpp"}),
    "audio": frozenset({"wav", "x-wav", "mp3", "mpeg", "aiff", "aac", "ogg", "flac", "mp4", "m4a", "x-m4a", "webm"}),
    "image": frozenset({"png", "jpeg", "webp", "heic", "heif"}),
    "text": frozenset({"plain", "html", "css", "csv", "xml", "markdown"}),
    "application": frozenset({"pdf", "json"}),
}
_FILE_URI = re.compile(r"(?:^|/)files/([^/?#:]+)$")
_TIERS = frozenset({"flex", "standard", "priority", "unspecified"})
_STORED_TEXT_TOKENS_PER_BYTE = 4


@dataclass(frozen=True)
class Watched:
    """A video as one part asks for it: what was measured, and between which seconds.

    Attributes
    ----------
    file : str
        The name of its file; empty for media given inline.
    """

    media: Media
    start: float
    end: float
    file: str = ""


@dataclass(frozen=True)
class Asked:
    """A generate call that was accepted.

    Attributes
    ----------
    kind : str
        What it is taken for.
    text : str
        All text parts of the contents, joined by line ends.
    instruction : str
        The system instruction.
    video : Watched or None
        The last video given.
    tokens : PromptTokens
        What the prompt costs.
    level : str
        Level of thinking.
    output_limit : int
        Tokens of thinking and text together.
    json_wanted : bool
        The answer's MIME type is JSON.
    json_schema : dict or None
        What the answer must satisfy.
    continuation : object
        The continuation token as given.
    """

    model: Model
    kind: CallKind
    text: str
    instruction: str
    video: Watched | None
    tokens: PromptTokens
    level: str
    output_limit: int
    json_wanted: bool
    json_schema: dict[str, Any] | None
    continuation: Any = None


@dataclass
class _Prompt:
    tokens: PromptTokens
    texts: list[str]
    video: Watched | None = None
    media: bool = False


def _check_mime_type(mime_type: str) -> str:
    family, _, kind = mime_type.lower().partition(";")[0].partition("/")
    if kind not in _MIME_TYPES.get(family, frozenset()):
        raise invalid(f"Unsupported MIME type: {mime_type}")
    return family


def _file_named_in(part: dict[str, Any]) -> str:
    found = _FILE_URI.search(str(part.get("fileData", {}).get("fileUri", "")))
    return "" if found is None else found.group(1)


async def _media_of(part: dict[str, Any], *, files: FileStore) -> tuple[str, Media | None, int]:
    """Return the family of a part's media, its measurements, and its size in bytes."""
    if "fileData" in part:
        given = part["fileData"]
        if not (name := _file_named_in(part)):
            raise invalid("Cannot fetch content from the provided URL.")
        stored = files.use(name)
        family = _check_mime_type(str(given.get("mimeType") or stored.mime_type))
        if family != _check_mime_type(stored.mime_type):
            raise invalid(f"The MIME type of the part differs from {stored.mime_type}, that of the file.")
        return family, stored.media, stored.size
    blob = part["inlineData"]
    family = _check_mime_type(str(blob.get("mimeType", "")))
    try:
        content = base64.b64decode(str(blob.get("data", "")).replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error as error:
        raise invalid("Invalid value at 'inline_data.data' (TYPE_BYTES), Base64 decoding failed.") from error
    media = await files.inspect(content) if family in {"video", "audio"} else None
    return family, media, len(content)


async def _read_contents(contents: list[dict[str, Any]], *, model: Model, resolution: str, files: FileStore) -> _Prompt:
    prompt = _Prompt(tokens=PromptTokens(), texts=[])
    if not contents or not any(content.get("parts") for content in contents):
        raise invalid("* GenerateContentRequest.contents: contents is not specified")
    for content in contents:
        if content.get("role") not in {None, "", "user", "model"}:
            raise invalid("Please use a valid role: user, model.")
        for part in content.get("parts", []):
            await _read_part(part, prompt=prompt, model=model, resolution=resolution, files=files)
    return prompt


async def _read_part(part: dict[str, Any], *, prompt: _Prompt, model: Model, resolution: str, files: FileStore) -> None:
    given = [name for name in ("text", "inlineData", "fileData") if name in part]
    if len(given) != 1:
        raise invalid("A part needs exactly one of text, inline_data and file_data.")
    if given[0] == "text":
        prompt.texts.append(part["text"])
        prompt.tokens.add("TEXT", text_tokens(part["text"]))
        return
    family, media, size = await _media_of(part, files=files)
    prompt.media = True
    if family == "image":
        prompt.tokens.add_image()
    elif media is None:
        prompt.tokens.add("TEXT", -(-size // _STORED_TEXT_TOKENS_PER_BYTE))
    elif family == "audio":
        prompt.tokens.add_audio(model=model, duration=media.duration)
    elif model.audio_only:
        raise invalid(f"Video input is not supported by {model.name}.")
    else:
        metadata = part.get("videoMetadata", {})
        prompt.tokens.add_video(
            model=model,
            metadata=metadata,
            resolution=part.get("mediaResolution", {}).get("level") or resolution,
            duration=media.duration,
            has_audio=media.has_audio,
        )
        start, end = media_seconds(metadata, duration=media.duration)
        prompt.video = Watched(media=media, start=start, end=end, file=_file_named_in(part))


async def count_contents(request: dict[str, Any], *, model: Model, files: FileStore) -> PromptTokens:
    """Return what a `countTokens` request counts.

    Raises
    ------
    ApiError
        400 or 403, as for a generate call.
    """
    inner = request.get("generateContentRequest", {})
    contents = request.get("contents") or inner.get("contents", [])
    resolution = inner.get("generationConfig", {}).get("mediaResolution", "MEDIA_RESOLUTION_UNSPECIFIED")
    prompt = await _read_contents(contents, model=model, resolution=resolution, files=files)
    _count_instruction(inner, prompt)
    return prompt.tokens


def _count_instruction(request: dict[str, Any], prompt: _Prompt) -> None:
    for part in request.get("systemInstruction", {}).get("parts", []):
        prompt.tokens.add("TEXT", text_tokens(part.get("text", "")))


def _output_limit(config: dict[str, Any], *, model: Model, streamed: bool) -> int:
    most = model.output_limit if streamed else model.unary_output_limit
    limit = config.get("maxOutputTokens")
    if limit is None:
        return most
    if not isinstance(limit, int) or not 1 <= limit <= model.output_limit:
        raise invalid(
            f"Unable to submit request because it has a maxOutputTokens value of {limit} but the supported range "
            f"is from 1 (inclusive) to {model.output_limit + 1} (exclusive)."
        )
    return min(limit, most)


def _check_sampling(config: dict[str, Any]) -> None:
    for name, least, most in (("temperature", 0, 2), ("topP", 0, 1), ("topK", 1, 1_000), ("candidateCount", 1, 8)):
        value = config.get(name)
        if value is not None and (
            not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most
        ):
            raise invalid(f"The value of {name} must be between {least} and {most}.")


async def understand(request: dict[str, Any], *, model: Model, streamed: bool, files: FileStore) -> Asked:
    """Return what a generate call asks.

    Parameters
    ----------
    request : dict
        The body, with camelCase names.
    model : Model
        The one that answers.
    streamed : bool
        Whether the streaming method was called.
    files : FileStore
        Where its files are.

    Raises
    ------
    ApiError
        400 for anything the API refuses, 403 for a file that is not there.
    """
    config = request.get("generationConfig", {})
    tier = request.get("serviceTier")
    if tier is not None and tier.lower().removeprefix("service_tier_") not in _TIERS:
        raise invalid(f"Unknown service tier {tier!r}.")
    if request.get("store") is not None and not isinstance(request["store"], bool):
        raise invalid("Invalid value at 'store' (TYPE_BOOL).")
    _check_sampling(config)
    level = check_thinking(model, config.get("thinkingConfig", {}))
    schema = accepted_schema(config)
    output_limit = _output_limit(config, model=model, streamed=streamed)
    prompt = await _read_contents(
        request.get("contents", []),
        model=model,
        resolution=config.get("mediaResolution", "MEDIA_RESOLUTION_UNSPECIFIED"),
        files=files,
    )
    _count_instruction(request, prompt)
    room = model.input_limit - (output_limit if model.shared_window and "maxOutputTokens" in config else 0)
    if prompt.tokens.total > room:
        raise invalid(
            f"The input token count ({prompt.tokens.total}) exceeds the maximum number of tokens allowed ({room})."
        )
    wants_object = schema is not None and (schema.get("type") == "object" or "properties" in schema)
    kind: CallKind = "transcribe" if prompt.media else "sop" if wants_object else "other"
    return Asked(
        model=model,
        kind=kind,
        text="\n".join(prompt.texts),
        instruction="\n".join(part.get("text", "") for part in request.get("systemInstruction", {}).get("parts", [])),
        video=prompt.video,
        tokens=prompt.tokens,
        level=level,
        output_limit=output_limit,
        json_wanted=config.get("responseMimeType") == "application/json",
        json_schema=schema,
        continuation=request.get("continuationToken"),
    )
