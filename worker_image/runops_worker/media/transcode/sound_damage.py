"""Which sound of a recording could not be decoded, from ffmpeg's log, and what is said of it. Pure."""

from collections.abc import Sequence
from typing import Final

from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.transcode.decoding_report import DecodedSound, DecodingReport
from runops_worker.media.wording import seconds_text

__all__ = ["broken_tracks", "damaged_part", "damaged_tracks"]

# What is decoded of a track that is mostly damaged is noise.
_MOST_BAD: Final = 0.5
_BAD_SHARE: Final = 0.01
_BAD_PACKETS: Final = 3
_MOST_TOLD: Final = 5


def broken_tracks(recording: Recording, report: DecodingReport, *, failed: bool) -> tuple[int, ...]:
    """Return the places of the tracks without which the recording must be read again.

    Parameters
    ----------
    recording
        With the tracks that were decoded.
    report
        How well they could be decoded.
    failed
        Whether ffmpeg ended with an error.

    Returns
    -------
    tuple[int, ...]
        Of those of which most is damaged. All if there are none and ffmpeg failed on the sound. Empty if the sound is
        not at fault.
    """
    found = {track.place for track, sound in zip(recording.sounds, report.sounds, strict=False) if _is_broken(sound)}
    if failed and report.sound_faults and not found:
        found = {track.place for track in recording.sounds}
    return tuple(sorted(found))


def damaged_tracks(recording: Recording, report: DecodingReport) -> list[tuple[SoundTrack, DecodedSound]]:
    """Return the tracks that are heard, but of which more than 1 % cannot be decoded."""
    return [
        (track, sound)
        for track, sound in zip(recording.sounds, report.sounds, strict=False)
        if sound.errors >= _BAD_PACKETS and sound.bad_share > _BAD_SHARE
    ]


def damaged_part(track: SoundTrack, sound: DecodedSound, ranges: Sequence[tuple[float, float]]) -> Loss:
    """Return what is said of such a track.

    Parameters
    ----------
    track, sound
        One of `damaged_tracks`.
    ranges
        When nothing of it can be decoded, in seconds. Damage of single packets here and there has no such ranges.
    """
    name = f"sound track {track.place + 1} ({track.codec})"
    if not ranges:
        return Loss(LossKind.SOUND_UNREADABLE, f"{sound.bad_share:.0%} of {name} cannot be decoded.")
    told = [f"{seconds_text(start)} to {seconds_text(end)}" for start, end in ranges[:_MOST_TOLD]]
    more = f" and {len(ranges) - _MOST_TOLD} more" if len(ranges) > _MOST_TOLD else ""
    lost = seconds_text(sum(end - start for start, end in ranges))
    detail = f"{lost} of {name} cannot be decoded: from {', '.join(told)}{more}. What is said there is missing."
    return Loss(LossKind.SOUND_UNREADABLE, detail, start=ranges[0][0], end=ranges[-1][1])


def _is_broken(sound: DecodedSound) -> bool:
    return sound.packets > 0 and (sound.frames == 0 or sound.bad_share > _MOST_BAD)
