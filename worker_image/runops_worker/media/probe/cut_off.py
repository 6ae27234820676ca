"""Whether the end of a recording or a part in its middle is missing, and what its owner is told. Pure."""

from dataclasses import dataclass
from typing import Final

from runops_worker.media.probe.input_summary import InputSummary
from runops_worker.media.probe.packets import PacketReport
from runops_worker.media.recording.length import claims_too_much, missing_seconds
from runops_worker.media.recording.loss import Loss, LossKind
from runops_worker.media.recording.timeline import holes
from runops_worker.media.wording import seconds_text

__all__ = ["CutOff", "cut_off", "second_recording", "unreadable_parts"]

# What the last packet of a file that is whole may lack by its header.
_A_PACKET_SECONDS: Final = 0.5
_MOST_TOLD: Final = 5


@dataclass(frozen=True)
class CutOff:
    """A recording without its end.

    Attributes
    ----------
    readable
        Seconds that are there.
    whole
        Seconds by the header; None if it does not say it.
    """

    readable: float
    whole: float | None

    @property
    def loss(self) -> Loss:
        """What is told where the part that is there is worked on."""
        there = seconds_text(self.readable)
        if self.whole is None:
            detail = f"The recording's file ends too early: its first {there} are there, and what follows is missing."
        else:
            lost = seconds_text(self.whole - self.readable)
            detail = (
                f"The recording is cut off: the first {there} of its {seconds_text(self.whole)} are there, "
                f"and {lost} are missing."
            )
        return Loss(LossKind.CUT_OFF, detail, start=self.readable, end=self.whole)


def cut_off(summary: InputSummary, packets: PacketReport) -> CutOff | None:
    """Return what is missing at the end; None if the file is whole, or lacks no more than a header may be wrong by.

    A header that claims more than there is in a file that is whole is wrong: nothing is missing.
    """
    if not summary.ends_early and not packets.ends_in_a_packet:
        return None
    found = packets.duration
    if summary.claimed_seconds is None:
        return CutOff(found, None)
    missing = missing_seconds(claimed=summary.claimed_seconds, found=found, end=packets.start + found)
    if claims_too_much(missing, found):
        return CutOff(found, found + missing)
    # The header of a file in pieces speaks of the pieces that are there.
    return CutOff(found, None) if packets.ends_in_a_packet or missing > _A_PACKET_SECONDS else None


def second_recording(summary: InputSummary, packets: PacketReport) -> tuple[Loss, ...]:
    """Return the loss of an MP4 that was appended to the first one. No player shows it; its owner may not know."""
    if not summary.has_second_index or summary.is_in_pieces:
        return ()
    there = seconds_text(packets.duration)
    detail = f"The recording's file holds a second recording. Only the first one, {there} long, is worked on."
    return (Loss(LossKind.CUT_OFF, detail, start=packets.duration),)


def unreadable_parts(summary: InputSummary, packets: PacketReport) -> tuple[Loss, ...]:
    """Return one loss for the holes in a file that is damaged in the middle.

    In a file that is whole, a hole is a still screen without sound.
    """
    is_damaged = summary.leaves_out or any(track.broken > track.last_is_broken for track in packets.tracks.values())
    found = list(holes(track.timeline for track in packets.tracks.values())) if is_damaged else []
    if not found:
        return ()
    told = [f"{seconds_text(hole.start - packets.start)} to {seconds_text(hole.end - packets.start)}" for hole in found]
    more = f" and {len(found) - _MOST_TOLD} more" if len(found) > _MOST_TOLD else ""
    detail = (
        f"The recording's file is damaged: {seconds_text(sum(hole.seconds for hole in found))} cannot be read, "
        f"from {', '.join(told[:_MOST_TOLD])}{more}."
    )
    start, end = found[0].start - packets.start, found[-1].end - packets.start
    return (Loss(LossKind.PICTURES_DAMAGED, detail, start=start, end=end),)
