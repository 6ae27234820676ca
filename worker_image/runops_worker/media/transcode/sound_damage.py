"""Which sound of a recording could not be decoded, from ffmpeg's log. Pure."""

from typing import Final

from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.recording.recording import Recording
from runops_worker.media.transcode.decoding_report import DecodedSound, DecodingReport

__all__ = ["broken_tracks", "damaged_parts"]

# What is decoded of a track that is mostly damaged is noise.
_MOST_BAD: Final = 0.5
_BAD_SHARE: Final = 0.01
_BAD_PACKETS: Final = 3


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


def damaged_parts(recording: Recording, report: DecodingReport) -> tuple[Loss, ...]:
    """Return a loss for each track that is heard, but of which more than 1 % cannot be decoded."""
    return tuple(
        Loss(
            LossKind.SOUND_UNREADABLE,
            f"{sound.bad_share:.0%} of sound track {track.place + 1} ({track.codec}) cannot be decoded.",
        )
        for track, sound in zip(recording.sounds, report.sounds, strict=False)
        if sound.errors >= _BAD_PACKETS and sound.bad_share > _BAD_SHARE
    )


def _is_broken(sound: DecodedSound) -> bool:
    return sound.packets > 0 and (sound.frames == 0 or sound.bad_share > _MOST_BAD)
