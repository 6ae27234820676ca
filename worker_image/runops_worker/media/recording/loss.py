"""A part of a recording that cannot be used while the rest is worked on. Pure."""

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Loss", "LossKind"]


class LossKind(StrEnum):
    """What is lost.

    Attributes
    ----------
    SOUND_UNREADABLE
        No sound could be read.
    SOUND_TRACK_LEFT_OUT
        One of several sound tracks could not be read.
    CUT_OFF
        The end of the recording is missing.
    PICTURES_DAMAGED
        The picture is damaged for a part of the time.
    """

    SOUND_UNREADABLE = "sound_unreadable"
    SOUND_TRACK_LEFT_OUT = "sound_track_left_out"
    CUT_OFF = "cut_off"
    PICTURES_DAMAGED = "pictures_damaged"


@dataclass(frozen=True)
class Loss:
    """One loss.

    Attributes
    ----------
    kind
        What is lost.
    detail
        One plain sentence for the recording's owner, with the seconds.
    start, end
        The time range it is about, in seconds of the recording. It reaches to the end of what is there if `end` is
        None.
    """

    kind: LossKind
    detail: str
    start: float = 0.0
    end: float | None = None
