"""How a run of ffmpeg makes the slim video, and which run must take its place. Pure.

A run is replaced for four causes. Its frame is too small for a picture that lasts. A sound track changes its channels
or its rate. A sound track turns out to be damaged. ffmpeg hangs.
"""

from dataclasses import dataclass, replace

from runops_worker.media.recording.recording import Recording
from runops_worker.media.recording.sound_losses import without_sounds
from runops_worker.media.transcode.decoding_report import DecodingReport
from runops_worker.media.transcode.picture_size import PictureSizes, fits
from runops_worker.media.transcode.slim_size import slim_size
from runops_worker.media.transcode.sound_damage import broken_tracks

__all__ = ["RunPlan", "for_pictures", "for_sound_that_changes", "for_waiting", "without_broken_sound"]


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """What a run of ffmpeg makes of a recording.

    Attributes
    ----------
    recording
        With the sound tracks that are heard; the others are among its losses.
    follows
        Size of the picture that the frame is made for, as a player shows it.
    shorter_side
        As for `slim_size`.
    frames_left
        How often the frame may still be changed. A run without any takes pictures of any size: its frame is larger
        than those so far, which does no harm, and it turns pictures after they are fitted.
    sound_runs_left
        How often single sound tracks may still be left out. A few runs find one bad track among many; more are not
        worth their time.
    sound_changes
        As for `sound_options`.
    waits_left
        How often a run that hangs may still be replaced by the same one.
    """

    recording: Recording
    follows: tuple[int, int]
    shorter_side: int
    frames_left: int = 2
    sound_runs_left: int = 2
    sound_changes: bool = False
    waits_left: int = 2

    @property
    def takes_any_size(self) -> bool:
        """Whether pictures of any size are taken."""
        return self.frames_left == 0

    @property
    def frame(self) -> tuple[int, int]:
        """Width and height of the slim video."""
        return slim_size(*self.follows, shorter_side=self.shorter_side, enlarge=self.takes_any_size)

    def following(self, size: tuple[int, int], *, changes: bool) -> "RunPlan":
        """Return the plan for a recording whose largest lasting picture is known beforehand.

        Parameters
        ----------
        size
            The size of that picture.
        changes
            Whether there are pictures of other sizes. ffmpeg's turning makes garbage of those.
        """
        turned = changes and self.recording.quarter_turns > 0
        return replace(self, follows=size, frames_left=0 if turned else self.frames_left)


def for_pictures(plan: RunPlan, sizes: PictureSizes) -> RunPlan | None:
    """Return the plan of the run that must replace this one because of the pictures so far; None if it goes on.

    Parameters
    ----------
    plan
        Of the run.
    sizes
        Of the pictures that it has shown.
    """
    if plan.takes_any_size:
        return None
    if sizes.changes and plan.recording.quarter_turns:
        return replace(plan, frames_left=0)
    size = sizes.to_follow
    if fits(plan.frame, slim_size(*size, shorter_side=plan.shorter_side)):
        return None
    return replace(plan, follows=size, frames_left=plan.frames_left - 1)


def for_sound_that_changes(plan: RunPlan, report: DecodingReport) -> RunPlan | None:
    """Return the plan of the run that must replace this one because a sound track changes; None if it goes on."""
    return replace(plan, sound_changes=True) if report.sound_changes and not plan.sound_changes else None


def for_waiting(plan: RunPlan, *, waits: bool) -> RunPlan | None:
    """Return the plan of the run that must replace this one because ffmpeg hangs; None if it goes on.

    That was seen once in some hundreds of runs with several graphs of sound (`sound_graph`), and in no others. Another
    run may rightly write nothing for minutes, where a part late in a long recording is the first that is shown.
    """
    if not waits or not plan.sound_changes or not plan.waits_left:
        return None
    return replace(plan, waits_left=plan.waits_left - 1)


def without_broken_sound(plan: RunPlan, report: DecodingReport, *, failed: bool) -> RunPlan | None:
    """Return the plan of the run that must follow this one because its sound is damaged; None if it need not.

    Parameters
    ----------
    plan
        Of the run, which has ended.
    report
        How well the recording could be decoded.
    failed
        Whether ffmpeg ended with an error.
    """
    broken = broken_tracks(plan.recording, report, failed=failed)
    if not broken:
        return None
    left = plan.sound_runs_left - 1
    everything = tuple(track.place for track in plan.recording.sounds)
    recording = without_sounds(plan.recording, broken if left else everything)
    return replace(plan, recording=recording, sound_runs_left=left)
