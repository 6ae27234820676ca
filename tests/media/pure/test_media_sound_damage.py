"""Which sound could not be decoded, and what is said of it."""

import pytest

from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.recording.sound_losses import left_out, without_sounds
from runops_worker.media.transcode.decoding_report import DecodedSound, DecodingReport
from runops_worker.media.transcode.sound_damage import broken_tracks, damaged_parts

GOOD = DecodedSound(packets=500, frames=500, errors=0)
BAD = DecodedSound(packets=500, frames=200, errors=300)


def recording(*places: int) -> Recording:
    return Recording(
        container="mov",
        duration_seconds=10.0,
        video_seconds=10.0,
        screen=0,
        width=64,
        height=64,
        video_codec="h264",
        sounds=tuple(SoundTrack(place=place, codec=f"codec{place}") for place in places),
    )


@pytest.mark.parametrize(
    ("sounds", "faults", "failed", "broken"),
    [
        ([GOOD, GOOD], 0, False, ()),
        ([GOOD, BAD], 0, False, (3,)),
        ([BAD, BAD], 0, False, (1, 3)),
        ([GOOD, DecodedSound(500, 250, 250)], 0, False, ()),
        ([GOOD, DecodedSound(500, 249, 251)], 0, False, (3,)),
        ([GOOD, DecodedSound(500, 0, 0)], 0, False, (3,)),
        ([GOOD, DecodedSound(0, 0, 0)], 0, False, ()),
        # ffmpeg failed on the sound.
        ([GOOD, GOOD], 2, True, (1, 3)),
        ([], 1, True, (1, 3)),
        # One that is damaged explains it.
        ([GOOD, BAD], 2, True, (3,)),
        # Not the sound; or ffmpeg went on.
        ([GOOD, GOOD], 0, True, ()),
        ([GOOD, GOOD], 2, False, ()),
    ],
)
def test_the_tracks_at_fault_are_found(
    sounds: list[DecodedSound], faults: int, failed: bool, broken: tuple[int, ...]
) -> None:
    report = DecodingReport(sounds=sounds, sound_faults=faults)
    assert broken_tracks(recording(1, 3), report, failed=failed) == broken


def test_without_sound_none_is_at_fault() -> None:
    assert broken_tracks(recording(), DecodingReport(sound_faults=1), failed=True) == ()


def test_a_track_that_is_left_out_is_among_the_losses() -> None:
    found = without_sounds(recording(1, 3), (3,))
    assert found.sounds == (SoundTrack(place=1, codec="codec1"),)
    sentence = "Sound track 4 of the recording is left out: its sound (codec3) is damaged and cannot be decoded."
    assert found.losses == (Loss(LossKind.SOUND_TRACK_LEFT_OUT, sentence),)
    nothing = without_sounds(found, (1,))
    assert not nothing.has_audio
    assert nothing.losses == (
        *found.losses,
        Loss(LossKind.SOUND_UNREADABLE, "The recording's sound (codec1) is damaged and cannot be decoded."),
    )


def test_several_codecs_are_named_once_each() -> None:
    tracks = [SoundTrack(place=place, codec=codec) for place, codec in enumerate(("cook", "sipr", "cook"))]
    assert left_out((), heard=False, why="is odd") == ()
    assert [loss.detail for loss in left_out(tracks, heard=False, why="is odd")] == [
        "The recording's sound (cook, sipr) is odd."
    ]


@pytest.mark.parametrize(
    ("packets", "errors", "share"), [(500, 0, None), (500, 5, None), (500, 6, "1%"), (100, 2, None), (100, 3, "3%")]
)
def test_a_damaged_part_is_told_from_one_in_a_hundred_on(packets: int, errors: int, share: str | None) -> None:
    report = DecodingReport(sounds=[GOOD, DecodedSound(packets, packets - errors, errors)])
    sentence = f"{share} of sound track 4 (codec3) cannot be decoded."
    assert damaged_parts(recording(1, 3), report) == (
        () if share is None else (Loss(LossKind.SOUND_UNREADABLE, sentence),)
    )
