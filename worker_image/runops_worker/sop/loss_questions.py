"""Questions to the owner about parts of the recording that could not be used. Pure."""

from collections.abc import Sequence

from runops.quality import RecordingLoss
from runops.transcript import timestamp
from runops_worker.sop.wording.sentences import Wording

__all__ = ["loss_questions"]


def loss_questions(losses: Sequence[RecordingLoss], wording: Wording, *, seconds: float) -> tuple[str, ...]:
    """Return the questions, one for each loss; equal ones once.

    Parameters
    ----------
    losses
        What of the recording is lost.
    wording
        The language of the SOP.
    seconds
        Length of what is there.
    """
    return tuple(dict.fromkeys(_question(loss, wording, seconds=seconds) for loss in losses))


def _question(loss: RecordingLoss, wording: Wording, *, seconds: float) -> str:
    end = seconds if loss.end is None else loss.end
    lost = wording.say("gap_range", start=timestamp(int(loss.start)), end=timestamp(round(end)))
    match loss.kind:
        case "sound_unreadable":
            return wording.say("loss_sound", ranges=lost)
        case "sound_track_left_out":
            return wording.say("loss_sound_track", ranges=lost)
        case "cut_off":
            return wording.say("loss_end", start=timestamp(int(loss.start)))
        case "pictures_damaged":
            return wording.say("loss_pictures", ranges=lost)
