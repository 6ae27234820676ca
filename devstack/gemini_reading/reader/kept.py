"""Keeps what was read of a crop and heard in a sound, by the hash of the pixels and of the samples."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from devstack.gemini_reading.geometry import Box
from devstack.gemini_reading.reader.screens import Reader
from devstack.gemini_reading.recording import READ_VERSION, Line, Spoken

__all__ = ["Kept", "KeptLines", "kept_speech"]


class Kept:
    """Documents in a folder.

    Parameters
    ----------
    folder
        Made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def of(self, content: Any, make: Callable[[], list[dict[str, Any]]], *, given: str = "") -> list[dict[str, Any]]:
        """Return what is kept of an array and what was given with it, or make and keep it.

        Two processes may do so at once.
        """
        array = np.ascontiguousarray(content)
        digest = hashlib.sha256(f"{array.dtype} {array.shape} {given}".encode() + array.tobytes()).hexdigest()
        path = self._folder / f"{digest}.json"
        if path.exists():
            found: list[dict[str, Any]] = json.loads(path.read_bytes())
            return found
        made = make()
        draft = path.with_name(f"{digest}.{os.getpid()}.draft")
        draft.write_text(json.dumps(made, ensure_ascii=False))
        draft.replace(path)
        return made


class KeptLines:
    """A reader that asks another one only for crops it has not seen.

    Parameters
    ----------
    load
        Makes the other reader, when it is needed for the first time.
    kept
        What was read before.
    """

    def __init__(self, load: Callable[[], Reader], kept: Kept) -> None:
        self._load = load
        self._reader: Reader | None = None
        self._kept = kept

    def read(self, picture: Any, *, left: int = 0, top: int = 0) -> list[Line]:
        """Return the lines of a picture that begins at this place of the screen."""
        found = self._kept.of(picture, lambda: [line.model_dump() for line in self._asked(picture)])
        lines = (Line.model_validate(line) for line in found)
        return [line.model_copy(update={"box": _moved(line.box, left, top)}) for line in lines]

    def _asked(self, picture: Any) -> list[Line]:
        self._reader = self._reader or self._load()
        return self._reader.read(picture)


def kept_speech(
    sound: Any, words: Sequence[str], hear: Callable[[Any, Sequence[str]], list[Spoken]], kept: Kept
) -> list[Spoken]:
    """Return what is said in a sound while these words are on the screen."""
    found = kept.of(
        sound, lambda: [spoken.model_dump() for spoken in hear(sound, words)], given=f"{READ_VERSION} {' '.join(words)}"
    )
    return [Spoken.model_validate(spoken) for spoken in found]


def _moved(box: Box, left: int, top: int) -> Box:
    return Box(box.left + left, box.top + top, box.right + left, box.bottom + top)
