"""Writes seconds of a video as picture files."""

import asyncio
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runops.procedure.picture import Area
from runops.procedure.picture_budget import Form
from runops_worker.media.errors import MediaToolFailed
from runops_worker.media.sandbox.run_tool import Outcome, Reach, run_tool
from runops_worker.media.stills.still_video import StillVideo

__all__ = ["JPEG", "WEBP", "FileType", "NoEncoder", "encode_stills"]

_BYTES_PER_PICTURE: Final = 8 * 1024**2
_COVER: Final = "0x6b7280"
_MARK: Final = (("white@0.85", 8), ("0xe11d48", 4))
"""Colour and thickness: a light line around a red one is seen on any background."""
_LONGEST_FILTERS: Final = 100_000
"""Characters. Linux takes no argument of 128 KiB, and a picture may have more than a hundred covered areas."""


@dataclass(frozen=True, slots=True)
class FileType:
    """A kind of picture file, and the encoder of ffmpeg that makes it."""

    media_type: str
    suffix: str
    encoder: str


WEBP: Final = FileType("image/webp", ".webp", "libwebp")
"""Half as large as JPEG, where ffmpeg has the encoder."""
JPEG: Final = FileType("image/jpeg", ".jpg", "mjpeg")
"""For programs that show nothing newer."""


class NoEncoder(MediaToolFailed):
    """The encoder is not in this build of ffmpeg."""


async def encode_stills(
    video: StillVideo,
    seconds: Iterable[int],
    *,
    form: Form,
    size: tuple[int, int],
    file_type: FileType,
    scratch: Path,
    marks: Mapping[int, Area],
    covers: Mapping[int, Sequence[Area]],
) -> dict[int, bytes]:
    """Return the files by second.

    Parameters
    ----------
    video
        What to read.
    seconds
        Which ones; the video has them all.
    form
        How good.
    size
        Width and height of the files.
    file_type
        What to write.
    scratch
        A folder for the time of the call.
    marks
        By second, what is framed in the picture, in pixels of the files.
    covers
        By second, what is filled so that nothing of it is in the file, in pixels of the video.

    Raises
    ------
    NoEncoder
        This ffmpeg does not make such files.
    MediaToolFailed
        ffmpeg failed.
    """
    wanted = sorted(set(seconds))
    # Covered before it is scaled, which would carry something of it over the edge.
    filled = _filled([covers.get(second, ()) for second in wanted])
    drawn = _drawn([marks.get(second) for second in wanted])
    command = video.command(wanted, *filled, f"scale={size[0]}:{size[1]}:flags=lanczos", *drawn)
    if max(map(len, command)) > _LONGEST_FILTERS and len(wanted) > 1:
        half, made = len(wanted) // 2, dict[int, bytes]()
        for some in (wanted[:half], wanted[half:]):
            made |= await encode_stills(
                video, some, form=form, size=size, file_type=file_type, scratch=scratch, marks=marks, covers=covers
            )
        return made
    folder = scratch / "stills"
    folder.mkdir()
    try:
        files = [folder / f"{number:06d}{file_type.suffix}" for number in range(1, len(wanted) + 1)]
        outcome = await run_tool(
            [
                *command,
                *_options(file_type, form),
                *("-f", "image2", f"{folder.absolute()}/%06d{file_type.suffix}"),
            ],
            allowance=video.allowance(file_bytes=_BYTES_PER_PICTURE),
            reach=Reach(reads=(video.path,), writes=tuple(files)),
        )
        _judge(outcome, file_type)
        written = await asyncio.to_thread(lambda: [file.read_bytes() for file in files])
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)
    return {second: data for second, data in zip(wanted, written, strict=True) if data}


def _judge(outcome: Outcome, file_type: FileType) -> None:
    if outcome.returncode == 0:
        return
    if outcome.says("Unknown encoder") or outcome.says("Encoder not found"):
        raise NoEncoder(f"This ffmpeg has no encoder {file_type.encoder}.")
    raise MediaToolFailed(f"ffmpeg could not write pictures of the video (exit code {outcome.returncode}).")


def _options(file_type: FileType, form: Form) -> tuple[str, ...]:
    if file_type is WEBP:
        return ("-c:v", WEBP.encoder, "-quality", str(form.quality), "-preset", "text", "-compression_level", "4")
    # 2 is the best quality of this encoder, and 31 the worst; it wants the full range of brightness.
    return ("-pix_fmt", "yuvj420p", "-c:v", JPEG.encoder, "-q:v", str(round(2 + (100 - form.quality) * 0.16)))


def _filled(covers: Sequence[Sequence[Area]]) -> list[str]:
    return [
        f"drawbox=x={area.x}:y={area.y}:w={area.width}:h={area.height}:color={_COVER}:t=fill:enable='eq(n,{number})'"
        for number, areas in enumerate(covers)
        for area in areas
    ]


def _drawn(marks: Sequence[Area | None]) -> list[str]:
    return [
        f"drawbox=x={mark.x}:y={mark.y}:w={mark.width}:h={mark.height}:color={colour}:t={thickness}"
        f":enable='eq(n,{number})'"
        for number, mark in enumerate(marks)
        if mark is not None
        for colour, thickness in _MARK
    ]
