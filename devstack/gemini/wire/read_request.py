"""Reads request bodies as protobuf JSON does: camelCase or snake_case in, unknown names refused, camelCase out."""

import json
import re
from typing import Any

from devstack.gemini.wire.api_error import bad_field, invalid

__all__ = ["read_object", "read_request", "snake"]

_TEXT = "string"
# Each message: its fields, and what a field holds: a message, a list of them ("*Name"), a text, or anything (None),
# which whoever uses the field checks.
_Fields = dict[str, str | None]
_MESSAGES: dict[str, _Fields] = {
    "Request": {
        "model": _TEXT,
        "contents": "*Content",
        "systemInstruction": "Content",
        "safetySettings": "*SafetySetting",
        "generationConfig": "GenerationConfig",
        "tools": None,
        "toolConfig": None,
        "cachedContent": _TEXT,
        "serviceTier": _TEXT,
        "store": None,
        "labels": None,
        "continuationToken": None,
    },
    "CountRequest": {"contents": "*Content", "generateContentRequest": "Request"},
    "Content": {"parts": "*Part", "role": _TEXT},
    "Part": {
        "text": _TEXT,
        "thought": None,
        "thoughtSignature": None,
        "inlineData": "Blob",
        "fileData": "FileData",
        "videoMetadata": "VideoMetadata",
        "mediaResolution": "PartMediaResolution",
        "mediaProcessing": None,
        "partMetadata": None,
        "functionCall": None,
        "functionResponse": None,
        "executableCode": None,
        "codeExecutionResult": None,
    },
    "Blob": {"data": _TEXT, "mimeType": _TEXT, "displayName": _TEXT},
    "FileData": {"fileUri": _TEXT, "mimeType": _TEXT, "displayName": _TEXT},
    "VideoMetadata": {"startOffset": None, "endOffset": None, "fps": None, "contentLayers": None},
    "PartMediaResolution": {"level": _TEXT, "numTokens": None},
    "SafetySetting": {"category": None, "threshold": None, "method": None},
    "GenerationConfig": {
        "temperature": None,
        "topP": None,
        "topK": None,
        "candidateCount": None,
        "maxOutputTokens": None,
        "stopSequences": None,
        "responseLogprobs": None,
        "logprobs": None,
        "presencePenalty": None,
        "frequencyPenalty": None,
        "seed": None,
        "responseMimeType": _TEXT,
        "responseSchema": None,
        "responseJsonSchema": None,
        "responseModalities": None,
        "mediaResolution": _TEXT,
        "speechConfig": None,
        "thinkingConfig": "ThinkingConfig",
        "imageConfig": None,
        "enableEnhancedCivicAnswers": None,
        "audioTranscriptionConfig": None,
    },
    "ThinkingConfig": {"includeThoughts": None, "thinkingBudget": None, "thinkingLevel": _TEXT},
    "UploadStart": {"file": "File"},
    "File": {"name": _TEXT, "displayName": _TEXT, "mimeType": _TEXT, "sizeBytes": None, "source": None},
}


def snake(name: str) -> str:
    """Return a camelCase name in snake_case."""
    return re.sub(r"([A-Z])", lambda match: f"_{match.group(1).lower()}", name)


_BY_EITHER_NAME: dict[str, dict[str, str]] = {
    message: {alias: name for name in fields for alias in (name, snake(name))} for message, fields in _MESSAGES.items()
}


def read_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body.

    Raises
    ------
    ApiError
        400: not JSON, or no object.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise invalid("Invalid JSON payload received.") from error
    if not isinstance(value, dict):
        raise invalid("Invalid JSON payload received. The root must be an object.")
    return value


def read_request(body: bytes, *, message: str) -> dict[str, Any]:
    """Return a body as the named message with camelCase names.

    Parameters
    ----------
    body : bytes
        As received.
    message : str
        ``Request``, ``CountRequest`` or ``UploadStart``.

    Raises
    ------
    ApiError
        400: not JSON, an unknown name, a message or list where none belongs.
    """
    return _message(read_object(body), message=message, path="")


def _message(value: Any, *, message: str, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise bad_field(field=path, message=f"Invalid value at '{path}' ({message}), expected an object.")
    fields, names = _MESSAGES[message], _BY_EITHER_NAME[message]
    read: dict[str, Any] = {}
    for given, inner in value.items():
        name = names.get(given)
        if name is None:
            where = f" at '{path}'" if path else ""
            raise bad_field(
                field=path,
                message=f'Invalid JSON payload received. Unknown name "{given}"{where}: Cannot find field.',
            )
        if inner is None:
            continue
        below = f"{path}.{snake(name)}" if path else snake(name)
        kind = fields[name]
        if kind is None:
            read[name] = inner
        elif kind == _TEXT:
            if not isinstance(inner, str):
                raise bad_field(field=below, message=f"Invalid value at '{below}' (TYPE_STRING).")
            read[name] = inner
        elif kind.startswith("*"):
            if not isinstance(inner, list):
                raise bad_field(field=below, message=f"Invalid value at '{below}', expected a list.")
            read[name] = [
                _message(item, message=kind[1:], path=f"{below}[{index}]") for index, item in enumerate(inner)
            ]
        else:
            read[name] = _message(inner, message=kind, path=below)
    return read
