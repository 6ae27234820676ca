"""Results as files in one folder: read and written.

NAME.transcript.json and NAME.sop.json hold what the tables hold. NAME.usage.json and NAME.quality.json hold
`status.usage` and `status.quality` of the VideoJob, NAME.evidence.json the object beside the SOP. NAME.failed.json
holds why a video failed. Only the first two, or the last one alone, must be there.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from runops.quality import Quality
from runops.report import Usage
from runops.sop import Sop
from runops.transcript import TranscriptItem, parse_item, seconds
from runops_evaluation.results.result import Interval, Result

__all__ = ["KINDS", "ResultMissing", "ResultUnreadable", "read_result", "write_result_files"]

KINDS: Final = ("transcript", "sop", "usage", "quality", "evidence", "failed")
_LARGEST_BYTES: Final = 256 * 1024 * 1024
_MOST_NAMED: Final = 3
_NAME: Final = re.compile(r"[^\0/]{1,200}")

Value = TypeVar("Value", bound=BaseModel)
T = TypeVar("T")


class ResultMissing(Exception):  # noqa: N818 - says what is the case
    """There is no result; the message names the file that is missing."""


class ResultUnreadable(Exception):  # noqa: N818 - says what is the case
    """A file is not in its form; the message names file and field."""


def read_result(folder: Path, name: str) -> Result:
    """Read the result of one recording.

    Raises
    ------
    ResultMissing, ResultUnreadable
        See there.
    """
    failed = _json(folder, name, "failed")
    if failed is not None:
        message = failed.get("message") if isinstance(failed, Mapping) else None
        return Result(
            usage=_optional(folder, name, "usage", Usage),
            quality=_optional(folder, name, "quality", Quality),
            failure=str(message or "no reason is known"),
        )
    items, sop = _json(folder, name, "transcript"), _json(folder, name, "sop")
    for kind, found in (("transcript", items), ("sop", sop)):
        if found is None:
            raise ResultMissing(f"{_path(folder, name, kind)} does not exist.")
    return Result(
        transcript=_transcript(_path(folder, name, "transcript"), items),
        sop=_valid(_path(folder, name, "sop"), TypeAdapter(Sop), sop),
        usage=_optional(folder, name, "usage", Usage),
        quality=_optional(folder, name, "quality", Quality),
        evidence=_evidence(folder, name),
    )


def write_result_files(folder: Path, name: str, contents: Mapping[str, Any]) -> None:
    """Write files of a result, by kind. Each is there whole or not at all; those of other kinds are removed.

    The transcript comes last but for a failure: a result that has one is complete.
    """
    assert _NAME.fullmatch(name), name
    assert not set(contents) - set(KINDS), contents.keys()
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        if kind not in contents:
            _path(folder, name, kind).unlink(missing_ok=True)
    for kind in reversed(KINDS):
        if kind in contents:
            _write(_path(folder, name, kind), contents[kind])


def _write(path: Path, content: Any) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    part.replace(path)


def _path(folder: Path, name: str, kind: str) -> Path:
    return folder / f"{name}.{kind}.json"


def _json(folder: Path, name: str, kind: str) -> Any | None:
    path = _path(folder, name, kind)
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise ResultUnreadable(f"{path} is larger than {_LARGEST_BYTES} bytes.")
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ResultUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ResultUnreadable(f"{path} is not JSON: {error}.") from error


def _optional(folder: Path, name: str, kind: str, model: type[Value]) -> Value | None:
    found = _json(folder, name, kind)
    return None if found is None else _valid(_path(folder, name, kind), TypeAdapter(model), found)


def _valid(path: Path, form: TypeAdapter[T], value: Any) -> T:
    try:
        return form.validate_python(value)
    except ValidationError as error:
        raise ResultUnreadable(f"{path}: {_named(error)}.") from error


def _named(error: ValidationError, *before: str) -> str:
    faults = error.errors(include_url=False, include_input=False)[:_MOST_NAMED]
    return "; ".join(f"{'.'.join((*before, *map(str, one['loc'])))}: {one['msg']}" for one in faults)


def _transcript(path: Path, items: Any) -> tuple[TranscriptItem, ...]:
    if not isinstance(items, list):
        raise ResultUnreadable(f"{path}: the transcript must be a list of items.")
    found = []
    for number, item in enumerate(items):
        try:
            # One by one: so the error is about the kind of item that it is.
            found.append(parse_item(item))
        except ValidationError as error:
            raise ResultUnreadable(f"{path}: {_named(error, str(number))}.") from error
    return tuple(found)


def _evidence(folder: Path, name: str) -> dict[str, tuple[Interval, ...]] | None:
    found = _json(folder, name, "evidence")
    if found is None:
        return None
    try:
        return {
            str(node): tuple((seconds(item["start"]), seconds(item.get("end", item["start"]))) for item in items)
            for node, items in found["nodes"].items()
        }
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ResultUnreadable(
            f"{_path(folder, name, 'evidence')}: nodes must map each node to items with a start ({error!r})."
        ) from error
