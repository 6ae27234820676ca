"""Starts a gold recording from a job: its recording, and its transcript and SOP as a first draft to correct."""

import json
import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pydantic import ValidationError

from runops.object_names import evidence_object, slim_object
from runops.supabase.connection import Supabase
from runops.transcript import TranscriptItem, parse_item
from runops.videojob import Source
from runops_evaluation.drafting.first_draft import draft_events, steps_of
from runops_evaluation.gold.about import About
from runops_evaluation.gold.read import GoldUnreadable, read_recording, sha256_of

__all__ = ["DraftImpossible", "start_gold"]

_LARGEST_BYTES: Final = 4 * 1024**3
_MATROSKA: Final = b"\x1a\x45\xdf\xa3"
_LONGEST_NAME: Final = 60
_MOST_NAMED: Final = 5


class DraftImpossible(Exception):  # noqa: N818 - says what is the case
    """No gold recording can be started from the job; the message says why, and what to do."""


async def start_gold(supabase: Supabase, job_id: UUID, root: Path, *, language: str) -> str:
    """Write a draft below a root, and return what is left to do, in sentences.

    The folder's name begins with an underscore, so that nothing is scored against a draft before somebody has
    corrected and renamed it.

    Parameters
    ----------
    supabase
        The project of the job.
    job_id
        The job.
    root
        Folder of the gold recordings.
    language
        Of narration and SOP, by its code.

    Raises
    ------
    DraftImpossible
        The job has no results or no recording, or there is a folder of this name.
    SupabaseError, Failed
        The project refused something, or could not be reached.
    """
    transcript = await supabase.results.read_transcript(job_id)
    sop = await supabase.results.read_sop(job_id)
    if transcript is None or sop is None:
        missing = "transcript" if transcript is None else "SOP"
        raise DraftImpossible(f"Job {job_id} has no {missing}. `runops list` shows which jobs are completed.")
    items = _items(transcript)
    meta = sop.get("meta")
    title = str(meta.get("title") or "") if isinstance(meta, Mapping) else ""
    name = _name(title) or str(job_id)
    folder = root / f"_{name}"
    for taken in (folder, root / name):
        if taken.exists():
            raise DraftImpossible(f"{taken} is there already. Move it away, or give another folder.")
    evidence = await supabase.storage.read_json(Source().bucket, evidence_object(job_id))
    root.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - local disk
    # Beside the target: what is written is moved there as a whole, or removed.
    with tempfile.TemporaryDirectory(prefix=".draft-", dir=root) as scratch:
        part = Path(scratch) / name
        part.mkdir()
        is_slim = await _fetch(supabase, job_id, part)
        recording = next(part.glob("recording.*"))
        duration = await _seconds(recording)
        events, left_out = draft_events(items, steps_of(evidence), duration=duration)
        about = About(
            format=1,
            task=title or "Say here what is done in the recording.",
            language=language,
            synthetic_narration=False,
            duration=duration,
            made_by=f"job {job_id}",
            sha256=sha256_of(recording),
        )
        _write(part / "about.json", about.model_dump(mode="json"))
        _write(part / "events.json", events.model_dump(mode="json", exclude_none=True, exclude_defaults=True))
        _write(part / "sop.json", sop)
        faults = _faults(part)
        shutil.move(part, folder)
    return _what_is_left(folder, name, is_slim=is_slim, left_out=left_out, faults=faults, language=language)


def _items(transcript: Any) -> list[TranscriptItem]:
    found, unreadable = [], []
    for number, item in enumerate(transcript if isinstance(transcript, list) else []):
        try:
            found.append(parse_item(item))
        except ValidationError as error:
            unreadable.append(f"item {number}: {error.errors(include_url=False)[0]['msg']}")
    if unreadable or not found:
        shown = "; ".join(unreadable[:_MOST_NAMED]) or "it is empty"
        raise DraftImpossible(f"The transcript in the table is not in its form: {shown}.")
    return found


def _name(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:_LONGEST_NAME].rstrip("-")


async def _fetch(supabase: Supabase, job_id: UUID, folder: Path) -> bool:
    """Download the recording, and tell whether only the slim video is left of it."""
    bucket = Source().bucket
    for key, is_slim in ((f"raw/{job_id}.mp4", False), (slim_object(job_id), True)):
        if await supabase.storage.stat(bucket, key) is None:
            continue
        path = folder / "recording.mp4"
        await supabase.storage.download(bucket, key, path, max_bytes=_LARGEST_BYTES)
        with path.open("rb") as file:
            if file.read(4) == _MATROSKA:
                path.rename(path.with_suffix(".webm"))
        return is_slim
    raise DraftImpossible(f"Neither the recording of job {job_id} nor its slim video is in the bucket {bucket}.")


async def _seconds(recording: Path) -> float:
    try:
        from runops_evaluation.drafting.recording_length import (  # noqa: PLC0415 - only this needs the worker
            RecordingRefused,
            recording_seconds,
        )
    except ImportError as error:
        raise DraftImpossible(
            f"The worker is not installed ({error.name} is missing): its extra is `worker`."
        ) from error
    try:
        return round(await recording_seconds(recording), 3)
    except RecordingRefused as error:
        raise DraftImpossible(f"The recording cannot be read. {error}") from error


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _faults(folder: Path) -> str | None:
    try:
        read_recording(folder)
    except GoldUnreadable as error:
        return str(error)
    return None


def _what_is_left(folder: Path, name: str, *, is_slim: bool, left_out: int, faults: str | None, language: str) -> str:
    lines = [
        f"{folder} is a first draft: what the model wrote, mistakes included. Watch the recording, and correct",
        f"- about.json: the task, the language (now {language}), and whether a program speaks;",
        "- events.json: each action with its time, target and value, and each sentence. Add what is missing,",
        "  remove what did not happen, and list under `screen` the amounts, states and messages that matter;",
        "- sop.json: the SOP as you would write it yourself.",
    ]
    if left_out:
        lines.append(f"{left_out} changes of the screen without a text are not in events.json.")
    if is_slim:
        lines.append("The recording is gone from the bucket: recording.mp4 is the slim video, one picture a second.")
    if faults is not None:
        lines.append(f"To be corrected in any case: {faults}")
    lines.append(f"Then rename the folder to {name}. Before, it is left out of every evaluation.")
    return "\n".join(lines)
