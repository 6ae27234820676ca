"""What is said of sound that cannot be used. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.recording.recording import Recording, SoundTrack

__all__ = ["left_out", "without_sounds"]


def left_out(tracks: Sequence[SoundTrack], *, heard: bool, why: str) -> tuple[Loss, ...]:
    """Return what is lost with tracks that are not heard.

    Parameters
    ----------
    tracks
        Those left out.
    heard
        Whether any other track is heard.
    why
        The end of a sentence about one track: `is damaged`.
    """
    if heard:
        return tuple(
            Loss(
                LossKind.SOUND_TRACK_LEFT_OUT,
                f"Sound track {track.place + 1} of the recording is left out: its sound ({track.codec}) {why}.",
            )
            for track in tracks
        )
    codecs = ", ".join(dict.fromkeys(track.codec for track in tracks))
    return (Loss(LossKind.SOUND_UNREADABLE, f"The recording's sound ({codecs}) {why}."),) if tracks else ()


def without_sounds(recording: Recording, places: Sequence[int]) -> Recording:
    """Return the recording without the damaged tracks that have these places; the loss is told."""
    gone = [track for track in recording.sounds if track.place in places]
    kept = tuple(track for track in recording.sounds if track.place not in places)
    losses = left_out(gone, heard=bool(kept), why="is damaged and cannot be decoded")
    return replace(recording, sounds=kept, losses=(*recording.losses, *losses))
