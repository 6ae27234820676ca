"""Reads gold recordings: one folder each, below one root."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from runops.sop import Sop
from runops.sop_graph import graph_faults
from runops_evaluation.gold.about import About
from runops_evaluation.gold.events import Events
from runops_evaluation.gold.recording import GoldRecording

__all__ = ["Fault", "GoldSet", "GoldUnreadable", "read_gold", "read_recording", "sha256_of"]

_LARGEST_BYTES = 64 * 1024 * 1024
_MOST_NAMED = 5
_AFTER_THE_END_SECONDS = 0.5
"""A script and a recorder round the length of a recording differently."""

Model = TypeVar("Model", bound=BaseModel)


class GoldUnreadable(Exception):  # noqa: N818 - says what is the case
    """A root or a recording cannot be used; the message names file and field."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a recording cannot be used.

    Attributes
    ----------
    name
        Name of the recording.
    message
        One sentence or more that names file and field.
    """

    name: str
    message: str


@dataclass(frozen=True, slots=True)
class GoldSet:
    """The recordings below a root, by name, and those that cannot be used."""

    recordings: tuple[GoldRecording, ...]
    faults: tuple[Fault, ...]


def read_gold(root: Path) -> GoldSet:
    """Read all recordings below a root. A bad one does not stop the others.

    Parameters
    ----------
    root
        A folder with one folder for each recording. Folders whose names begin with a dot or an underscore are left out.

    Raises
    ------
    GoldUnreadable
        There is no such folder, or no recording in it.
    """
    if not root.is_dir():
        raise GoldUnreadable(f"{root} is not a folder. Give the folder that holds one folder for each gold recording.")
    folders = sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] not in "._")
    if not folders:
        raise GoldUnreadable(f"{root} has no folder in it. Each gold recording is one: docs/quality.md.")
    recordings, faults = [], []
    for folder in folders:
        try:
            recordings.append(read_recording(folder))
        except GoldUnreadable as error:
            faults.append(Fault(folder.name, str(error)))
    return GoldSet(tuple(recordings), tuple(faults))


def sha256_of(path: Path) -> str:
    """Return the hash of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_recording(folder: Path) -> GoldRecording:
    """Read one recording.

    Raises
    ------
    GoldUnreadable
        It cannot be used.
    """
    about = _read(folder / "about.json", About)
    events = _read(folder / "events.json", Events)
    sop = _read(folder / "sop.json", Sop)
    faults = [
        *(f"sop.json: {fault}" for fault in graph_faults(sop)),
        *_time_faults(about, events),
        *_step_faults(events, sop),
    ]
    if not any(node.type in {"task", "decision", "loop"} for node in sop.public.nodes):
        faults.append("sop.json: public.nodes has no task, decision or loop")
    recording = _file(folder, faults)
    if recording is not None and about.sha256 is not None and (found := sha256_of(recording)) != about.sha256:
        faults.append(f"about.json: sha256 is {about.sha256}, but that of {recording.name} is {found}")
    if faults:
        raise GoldUnreadable(_sentence(folder, faults))
    return GoldRecording(folder.name, about, events, sop, recording)


def _time_faults(about: About, events: Events) -> list[str]:
    return [
        f"events.json: {field} is {at}, but about.json says that the recording ends at {about.duration}"
        for field, at in events.times()
        if at > about.duration + _AFTER_THE_END_SECONDS
    ]


def _step_faults(events: Events, sop: Sop) -> list[str]:
    nodes = {node.id for node in sop.public.nodes}
    return [
        f"events.json: {field} is {step!r}, which is not a node of sop.json"
        for field, step in events.steps()
        if step not in nodes
    ]


def _file(folder: Path, faults: list[str]) -> Path | None:
    found = sorted(path for path in folder.glob("recording.*") if path.is_file())
    if len(found) > 1:
        faults.append(f"there is more than one recording: {', '.join(path.name for path in found)}")
    return found[0] if found else None


def _read(path: Path, model: type[Model]) -> Model:
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise GoldUnreadable(f"{path} is larger than {_LARGEST_BYTES} bytes.")
        data: Any = json.loads(path.read_bytes())
    except OSError as error:
        raise GoldUnreadable(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise GoldUnreadable(f"{path} is not JSON: {error}.") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = [
            f"{path.name}: {'.'.join(map(str, one['loc'])) or 'the whole'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        ]
        raise GoldUnreadable(_sentence(path.parent, faults)) from error


def _sentence(folder: Path, faults: list[str]) -> str:
    more = f"; and {len(faults) - _MOST_NAMED} more" if len(faults) > _MOST_NAMED else ""
    return f"{folder}: {'; '.join(faults[:_MOST_NAMED])}{more}."
