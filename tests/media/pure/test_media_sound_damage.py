"""Which sound could not be decoded, and what is said of it."""

import pytest

from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.recording.recording import Recording, SoundTrack
from runops_worker.media.recording.sound_losses import left_out, without_sounds
from runops_worker.media.transcode.decoding_report import DecodedSound, DecodingReport
from runops_worker.media.transcode.sound_damage import broken_tracks, damaged_part, damaged_tracks
from runops_worker.media.transcode.undecoded_sound import UndecodedSound

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
    found = [damaged_part(track, sound, []) for track, sound in damaged_tracks(recording(1, 3), report)]
    assert found == ([] if share is None else [Loss(LossKind.SOUND_UNREADABLE, sentence)])


def test_a_damaged_part_is_told_with_its_seconds() -> None:
    track = SoundTrack(place=0, codec="aac")
    assert damaged_part(track, BAD, [(5.0, 8.0), (70.0, 75.0)]) == Loss(
        LossKind.SOUND_UNREADABLE,
        "8 s of sound track 1 (aac) cannot be decoded: from 5 s to 8 s, 1 min 10 s to 1 min 15 s. "
        "What is said there is missing.",
        start=5.0,
        end=75.0,
    )
    assert " and 2 more. What" in damaged_part(track, BAD, [(10.0 * at, 10.0 * at + 1) for at in range(7)]).detail


def undecoded(packets: list[tuple[int, int]], decoded: list[tuple[int, int]]) -> list[tuple[float, float]]:
    """Take times and lengths in hundredths of a second."""
    report = UndecodedSound()
    report.take("#software: Lavf")
    for stream, times in enumerate((packets, decoded)):
        report.take(f"#tb {stream}: 1/100")
        for begin, length in times:
            report.take(f"{stream}, {begin:10}, {begin:10}, {length:8}, 9, 0x00000001")
    return report.ranges


@pytest.mark.parametrize(
    ("packets", "decoded", "ranges"),
    [
        ([(0, 1000)], [(0, 1000)], []),
        ([(0, 1000)], [(2, 998)], []),
        ([(0, 1000)], [(0, 300), (500, 500)], [(3.0, 5.0)]),
        ([(0, 1000)], [(20, 480)], [(0.0, 0.2), (5.0, 10.0)]),
        ([(0, 1000)], [], [(0.0, 10.0)]),
        # Less than two seconds apart.
        ([(0, 1000)], [(0, 300), (400, 100), (600, 400)], [(3.0, 6.0)]),
        ([(0, 1000)], [(0, 300), (400, 201), (700, 300)], [(3.0, 4.0), (6.01, 7.0)]),
        # A pause of the recording is no damage.
        ([(0, 300), (700, 300)], [(0, 300), (700, 300)], []),
        ([(0, 300), (700, 300)], [(0, 200), (700, 200)], [(2.0, 3.0), (9.0, 10.0)]),
        ([(-5, 300)], [], [(0.0, 2.95)]),
    ],
)
def test_sound_is_lost_where_there_are_packets_and_nothing_is_decoded(
    packets: list[tuple[int, int]], decoded: list[tuple[int, int]], ranges: list[tuple[float, float]]
) -> None:
    assert undecoded(packets, decoded) == [pytest.approx(one) for one in ranges]
