"""Reads one clip: ``python -m devstack.gemini_reading.reader CLIP --kept FOLDER``; writes a `Reading` as JSON."""

import argparse
import re
import resource
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2

from devstack.gemini_reading.reader.kept import Kept, KeptLines, kept_speech
from devstack.gemini_reading.reader.letters import Letters
from devstack.gemini_reading.reader.pictures import pictures_of, size_of, sound_of
from devstack.gemini_reading.reader.pointer import track_pointer
from devstack.gemini_reading.reader.screens import screens_of
from devstack.gemini_reading.reader.speech import heard
from devstack.gemini_reading.recording import Reading, Screen, Spoken

_MOST_MEMORY: Final = 3 * 1024**3
_WORD: Final = re.compile(r"[^\W\d_]{4,}")


def read(clip: Path, kept: Kept) -> Reading:
    """Return what is in a clip; what was read of it before is taken from `kept`."""
    width, height = size = size_of(clip)
    if not width:
        return Reading(spoken=_spoken(clip, [], kept))
    track = track_pointer(pictures_of(clip, size), pictures_of(clip, size))
    screens = screens_of(pictures_of(clip, size), track, KeptLines(Letters, kept))
    return Reading(
        width=width,
        height=height,
        seconds=track.seconds,
        screens=tuple(screens),
        pointers=track.pointers(),
        carets=tuple(sorted(track.carets)),
        spoken=_spoken(clip, words_on(screens), kept),
    )


def _spoken(clip: Path, words: Sequence[str], kept: Kept) -> tuple[Spoken, ...]:
    sound = sound_of(clip)
    return tuple(kept_speech(sound, words, heard, kept)) if len(sound) else ()


def words_on(screens: Sequence[Screen]) -> list[str]:
    """Return the longer words of all screens, each once, in the order in which they are seen."""
    lines = (line for screen in screens for line in screen.lines)
    return list(dict.fromkeys(word for line in lines for word in _WORD.findall(line.text)))


def main() -> None:
    """Read the clip that the arguments name."""
    parser = argparse.ArgumentParser(prog="python -m devstack.gemini_reading.reader")
    parser.add_argument("clip", type=Path)
    parser.add_argument("--kept", type=Path, required=True, help="folder for what was read before")
    parser.add_argument("--processor-seconds", type=int, required=True, help="the most that it may take of a processor")
    arguments = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_DATA, (_MOST_MEMORY, _MOST_MEMORY))
    # Seconds of the clock would depend on what else this machine does.
    resource.setrlimit(resource.RLIMIT_CPU, (arguments.processor_seconds, arguments.processor_seconds + 5))
    # On a busy machine threads that wait for each other cost more than they save.
    cv2.setNumThreads(1)
    sys.stdout.write(read(arguments.clip, Kept(arguments.kept)).model_dump_json())


if __name__ == "__main__":
    main()
