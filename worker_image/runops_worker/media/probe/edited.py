"""Recordings whose edit list ffmpeg does not follow exactly: their parts are taken from the media itself. Pure.

Nearly all edit lists are followed exactly by ffmpeg. `may_lose_content` finds those that may not be, and `followed`
decides by the times of all pictures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from runops_worker.media.probe.edit_list import TrackEdits
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.recording.edits import Edit, Neighbours, are_in_order, presented_seconds
from runops_worker.media.recording.timeline import Timeline
from runops_worker.media.recording.track import Track

__all__ = ["Edits", "edits_by_place", "followed", "may_lose_content", "outlasts", "presented"]

_OUTLASTING_SECONDS: Final = 0.5
# Pictures of parts that are shown earlier than they are stored wait for their turn.
_MOST_WAITING_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True)
class Edits:
    """The edits of each track with pictures and of each track with sound, by their places."""

    videos: tuple[tuple[Edit, ...], ...]
    sounds: tuple[tuple[Edit, ...], ...]


def edits_by_place(listed: Sequence[TrackEdits], packets: PacketReport) -> Edits | None:
    """Return the edits; None if a track has none that can be followed here, or the tracks are not those of ffmpeg."""
    videos = tuple(track.edits for track in listed if track.kind == "vide")
    sounds = tuple(track.edits for track in listed if track.kind == "soun")
    if (len(videos), len(sounds)) != (len(packets.videos), len(packets.sounds)) or not all((*videos, *sounds)):
        return None
    return Edits(videos, sounds)


def may_lose_content(edits: Edits, packets: PacketReport) -> bool:
    """Return whether ffmpeg may leave out anything, or show the last picture for too long.

    Parameters
    ----------
    edits
        The edits.
    packets
        As ffmpeg lists them while it follows the edits.
    """
    hides = any(track.hidden for track in packets.videos) or any(len(parts) > 1 for parts in edits.videos)
    return hides or any(outlasts(edits, packets, screen=place) for place in range(len(packets.videos)))


def outlasts(edits: Edits, packets: PacketReport, *, screen: int) -> bool:
    """Return whether a track lasts longer than its edits: its last picture goes on behind the end of the last one.

    Parameters
    ----------
    edits, packets
        As for `may_lose_content`.
    screen
        The place of the track.
    """
    return packets.videos[screen].end > presented_seconds(edits.videos[screen]) + _OUTLASTING_SECONDS


def followed(
    edits: Edits, packets: PacketReport, media: PacketReport, neighbours: Sequence[Neighbours], *, screen: int
) -> bool:
    """Return whether the edits must be followed without ffmpeg.

    Parameters
    ----------
    edits, packets
        As for `may_lose_content`.
    media
        All packets, at the times of the media.
    neighbours
        For each track with pictures, which of them are there where its edits begin.
    screen
        The place of the screen.
    """
    parts, track = edits.videos[screen], media.videos[screen]
    waiting = 0.0 if are_in_order(parts) else presented_seconds(parts) * track.width * track.height * 1.5
    if waiting > _MOST_WAITING_BYTES:
        return False
    # Where a later part begins, ffmpeg leaves out a packet of sound, and counts wrongly where there are B-frames.
    return len(parts) > 1 or neighbours[screen].lose_a_picture or outlasts(edits, packets, screen=screen)


def presented(edits: Edits, media: PacketReport) -> PacketReport:
    """Return the packets as they are presented: each track from 0 to the end of its edits."""
    parts = iter((*edits.videos, *edits.sounds))
    return PacketReport({number: _presented(track, next(parts)) for number, track in media.tracks.items()})


def _presented(track: Track, edits: Sequence[Edit]) -> Track:
    end = presented_seconds(edits)
    return replace(
        track,
        start=0.0,
        end=end,
        latest=end,
        last_has_no_length=False,
        filled=end,
        jumps_back_at=None,
        timeline=Timeline([(0.0, end)]),
    )
