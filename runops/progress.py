"""Stages of a video and the percentages that rows and VideoJobs show for them."""

from enum import StrEnum

__all__ = ["STAGES", "Stage", "percent"]


class Stage(StrEnum):
    """Where in the pipeline a video is; the words of `jobs.progress_stage`."""

    PREPARING_VIDEO = "preparing_video"
    TRANSCRIBING = "transcribing"
    PARSING_SOP = "parsing_sop"
    FINALIZING = "finalizing"
    COMPLETED = "completed"


STAGES: tuple[Stage, ...] = tuple(Stage)
"""All stages in the order in which a video passes them."""

_RANGE = {
    Stage.PREPARING_VIDEO: (10, 40),
    Stage.TRANSCRIBING: (50, 70),
    Stage.PARSING_SOP: (70, 90),
    Stage.FINALIZING: (90, 90),
    Stage.COMPLETED: (100, 100),
}


def percent(stage: Stage, fraction: float = 0.0) -> int:
    """Return the percentage of the whole that a fraction of one stage stands for.

    Parameters
    ----------
    stage
        The stage being worked on.
    fraction
        How much of that stage is done, 0 to 1; values outside are taken as the nearer bound.

    Returns
    -------
    int
        10 to 100, never decreasing along the pipeline.
    """
    first, last = _RANGE[stage]
    return first + int((last - first) * min(max(fraction, 0.0), 1.0))
