"""Takes the pictures of a procedure from a slim video: one for each moment, small enough together."""

import asyncio
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import Final

from runops.procedure.changed_squares import Grid, grid_for
from runops.procedure.model import Moment
from runops.procedure.picture import Area, Picture
from runops.procedure.picture_budget import LADDER, Form, budget, kept
from runops.procedure.screen_change import SECONDS_AROUND, Shown, shown_second
from runops.procedure.secret_places import covered_areas, seconds_needed
from runops_worker.media.limits import Limits
from runops_worker.media.stills.encode_stills import JPEG, WEBP, FileType, NoEncoder, encode_stills
from runops_worker.media.stills.grey_frames import grey_frames
from runops_worker.media.stills.still_video import StillVideo, open_video

__all__ = ["pictures_for_files", "pictures_for_page"]

_OF_FILES: Final = Form(1920, 85)


async def pictures_for_page(path: Path, moments: Sequence[Moment], *, limits: Limits) -> dict[str, Picture]:
    """Return pictures that are small enough for one page, by the keys of the moments.

    Parameters
    ----------
    path
        A slim video, or one that was made like it from the recording, with larger pictures.
    moments
        Which ones. One that the video does not have gets no picture, and neither do the last ones of a procedure with
        so many that even the smallest form is too large.
    limits
        What ffmpeg may use.

    Raises
    ------
    MediaRejected, MediaToolFailed
        The video cannot be read, or ffmpeg failed.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        video = await open_video(path, limits=limits)
        shown = await _shown(video, moments, scratch=Path(folder))
        file_type, most = WEBP, budget(video.duration)
        pictures: dict[str, Picture] = {}
        for form in LADDER:
            try:
                pictures = await _encoded(video, shown, form, file_type, scratch=Path(folder))
            except NoEncoder:
                file_type = JPEG
                pictures = await _encoded(video, shown, form, file_type, scratch=Path(folder))
            if _bytes(pictures.values()) <= most:
                return pictures
    order = [moment.key for moment in moments]
    chosen = kept({key: len(picture.data) for key, picture in pictures.items()}, order, most)
    return {key: pictures[key] for key in chosen}


async def pictures_for_files(path: Path, moments: Sequence[Moment], *, limits: Limits) -> dict[str, Picture]:
    """Return JPEG pictures with the marks drawn into them, for documents that cannot draw; else as for a page."""
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        video = await open_video(path, limits=limits)
        shown = await _shown(video, moments, scratch=Path(folder))
        pictures: dict[str, Picture] = {}
        for part in _each_second_once(shown):
            pictures |= await _encoded(video, part, _OF_FILES, JPEG, scratch=Path(folder), draws_marks=True)
        return pictures


async def _shown(video: StillVideo, moments: Sequence[Moment], *, scratch: Path) -> dict[str, Shown]:
    grid = grid_for(video.width, video.height)
    frames = await grey_frames(video, [*_around(moments), *_of_secrets(moments)], grid, scratch=scratch)
    size = (video.width, video.height)
    # Beside the loop: with hundreds of moments, the worker's heartbeat would wait a second or two.
    found = await asyncio.to_thread(lambda: {one.key: _one_shown(one, frames, grid, size) for one in moments})
    return _covered_together({key: one for key, one in found.items() if one is not None})


def _covered_together(shown: Mapping[str, Shown]) -> dict[str, Shown]:
    """Return the same with all that is covered for any moment of a second: they show one picture."""
    covers: dict[int, set[Area]] = {}
    for one in shown.values():
        covers.setdefault(one.second, set()).update(one.covers)
    together = {second: tuple(sorted(areas, key=astuple)) for second, areas in covers.items()}
    return {key: replace(one, covers=together[one.second]) for key, one in shown.items()}


def _one_shown(moment: Moment, frames: Mapping[int, bytes], grid: Grid, size: tuple[int, int]) -> Shown | None:
    """Return what is shown of a moment; None where nothing is, or where it might show a secret."""
    near = {at: frames[at] for at in _around([moment]) if at in frames}
    shown = shown_second(moment, near, grid, size=size)
    if shown is None or not moment.covers:
        return shown
    covers = covered_areas(moment.covers, frames, grid, shown.second, size=size)
    return None if covers is None else replace(shown, covers=covers)


def _around(moments: Iterable[Moment]) -> Iterator[int]:
    for moment in moments:
        yield from range(int(moment.at) - SECONDS_AROUND, int(moment.until) + SECONDS_AROUND + 1)


def _of_secrets(moments: Iterable[Moment]) -> Iterator[int]:
    for moment in moments:
        yield from seconds_needed(moment.covers)


async def _encoded(
    video: StillVideo,
    shown: Mapping[str, Shown],
    form: Form,
    file_type: FileType,
    *,
    scratch: Path,
    draws_marks: bool = False,
) -> dict[str, Picture]:
    if not shown:
        return {}
    scale = min(form.longest / max(video.width, video.height), 1.0)
    width, height = max(round(video.width * scale), 1), max(round(video.height * scale), 1)
    scaled = {key: replace(one, mark=_scaled(one.mark, scale)) for key, one in shown.items()}
    marks = {one.second: one.mark for one in scaled.values() if one.mark is not None} if draws_marks else {}
    files = await encode_stills(
        video,
        (one.second for one in scaled.values()),
        form=form,
        size=(width, height),
        file_type=file_type,
        scratch=scratch,
        marks=marks,
        covers={one.second: one.covers for one in shown.values()},
    )
    return {
        key: Picture(
            data=files[one.second],
            media_type=file_type.media_type,
            width=width,
            height=height,
            at=float(one.second),
            mark=one.mark,
        )
        for key, one in scaled.items()
        if one.second in files
    }


def _scaled(mark: Area | None, scale: float) -> Area | None:
    if mark is None:
        return None
    return Area(*(round(value * scale) for value in (mark.x, mark.y, mark.width, mark.height)))


def _bytes(pictures: Iterable[Picture]) -> int:
    """Return the size of all files, each second once."""
    return sum({picture.at: len(picture.data) for picture in pictures}.values())


def _each_second_once(shown: Mapping[str, Shown]) -> Iterator[dict[str, Shown]]:
    """Give parts in which no second is twice: moments of one second have marks of their own."""
    left = dict(shown)
    while left:
        first = {one.second: key for key, one in reversed(left.items())}
        yield {key: left.pop(key) for key in first.values()}
