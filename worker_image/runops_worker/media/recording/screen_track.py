"""Which of several tracks with pictures is the screen."""

from collections.abc import Sequence
from typing import Final

from runops_worker.media.recording.track import Track

__all__ = ["screen_track"]

# A preview of some seconds may be larger than the screen.
_LEAST_SHARE_OF_LONGEST: Final = 0.5


def screen_track(videos: Sequence[Track], defaults: Sequence[bool] = ()) -> int:
    """Return the place of the track to work on.

    It is the largest picture that is shown for at least half as long as the longest track. A camera's picture is
    smaller than that of the screen. Of equally large ones the file's default counts, then the one with more pictures.

    Parameters
    ----------
    videos
        The tracks. Before the packets are read, they have no pictures yet, and the headers decide alone.
    defaults
        For each track whether the file marks it as the one to play; those not listed are not marked.

    Returns
    -------
    int
        From 0; 0 also where there is no track.
    """
    longest = max((track.end - track.start for track in videos), default=0.0)

    def rank(place: int) -> tuple[bool, int, bool, int, int]:
        track = videos[place]
        lasts = track.end - track.start >= longest * _LEAST_SHARE_OF_LONGEST
        is_default = place < len(defaults) and defaults[place]
        return lasts, track.width * track.height, is_default, track.packets, -place

    return max(range(len(videos)), key=rank, default=0)
