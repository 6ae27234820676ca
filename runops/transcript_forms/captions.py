"""What was said as captions: WebVTT for browsers, SubRip for players. Pure.

What was done on the screen is no caption: whoever watches sees it.
"""

from collections.abc import Iterable, Iterator

from runops.procedure.readable import readable
from runops.transcript import AudioItem, TranscriptItem, seconds

__all__ = ["sub_rip", "web_vtt"]

_LEAST_SECONDS = 0.5
"""A player shows nothing of a caption that ends when it begins."""


def web_vtt(items: Iterable[TranscriptItem]) -> str:
    """Return captions as a WebVTT file."""
    blocks = ["WEBVTT"]
    for number, (start, end, text) in enumerate(_cues(items), start=1):
        escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(f"{number}\n{_clock(start, '.')} --> {_clock(end, '.')}\n{escaped}")
    return "\n\n".join(blocks) + "\n"


def sub_rip(items: Iterable[TranscriptItem]) -> str:
    """Return captions as a SubRip file."""
    # SubRip knows no escapes. Players read `<i>` and `{\an8}` as formatting, and an arrow as a line of times.
    harmless = str.maketrans({"<": "\u2039", ">": "\u203a", "{": "(", "}": ")"})
    blocks = [
        f"{number}\n{_clock(start, ',')} --> {_clock(end, ',')}\n{text.translate(harmless)}"
        for number, (start, end, text) in enumerate(_cues(items), start=1)
    ]
    return "\n\n".join(blocks) + ("\n" if blocks else "")


def _cues(items: Iterable[TranscriptItem]) -> Iterator[tuple[float, float, str]]:
    for item in items:
        if isinstance(item, AudioItem) and (text := " ".join(readable(item.verbatim_transcript_segment).split())):
            end = seconds(item.timestamp_end_audio)
            yield item.start, max(end, item.start + _LEAST_SECONDS), text


def _clock(at: float, point: str) -> str:
    whole, milliseconds = divmod(round(at * 1000), 1000)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{point}{milliseconds:03d}"
