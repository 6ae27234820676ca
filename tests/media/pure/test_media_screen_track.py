"""Which of several tracks with pictures is taken for the screen."""

import pytest

from runops_worker.media.recording.screen_track import screen_track
from runops_worker.media.recording.track import Track


def track(width: int, height: int, seconds: float = 60.0, *, packets: int = 600) -> Track:
    return Track(kind="video", width=width, height=height, start=1.0, end=1.0 + seconds, packets=packets)


SCREEN, CAMERA, PREVIEW = track(1920, 1080), track(640, 480), track(3840, 2160, 20.0)


@pytest.mark.parametrize(
    ("tracks", "defaults", "place"),
    [
        ([], [], 0),
        ([SCREEN], [], 0),
        ([CAMERA, SCREEN], [], 1),
        # The size tells more than the mark: recorders mark the first track.
        ([CAMERA, SCREEN], [True, False], 1),
        ([PREVIEW, SCREEN], [], 1),
        ([track(3840, 2160, 30.0), SCREEN], [], 0),
        ([SCREEN, SCREEN], [False, True], 1),
        ([SCREEN, track(1920, 1080, packets=900)], [], 1),
        ([SCREEN, track(1920, 1080, packets=900)], [True], 0),
        ([SCREEN, SCREEN], [], 0),
        # A preview that begins late: its length counts, not when it ends.
        ([Track(kind="video", width=3840, height=2160, start=15.0, end=35.0), SCREEN], [], 1),
        # Before the packets are read, nothing has a length.
        ([track(640, 480, 0.0, packets=0), track(1920, 1080, 0.0, packets=0)], [], 1),
    ],
)
def test_the_largest_picture_that_lasts_is_the_screen(tracks: list[Track], defaults: list[bool], place: int) -> None:
    assert screen_track(tracks, defaults) == place
