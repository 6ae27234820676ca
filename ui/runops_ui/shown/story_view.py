"""A job's story as its page shows it. Pure."""

from dataclasses import dataclass

from runops.job_story.results import StoredObject
from runops.job_story.story import JobStory
from runops.job_story.timeline import Happening
from runops_ui.shown.moments import span
from runops_ui.shown.row_view import Moment

__all__ = ["StoryLine", "lines_of", "size_of"]


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One thing that happened.

    Attributes
    ----------
    kind
        `plain`, `good` or `bad`.
    source
        Where it is known from.
    """

    at: Moment
    text: str
    detail: str
    kind: str
    source: str


def lines_of(story: JobStory) -> list[StoryLine]:
    """Return what happened, the newest last."""
    return [line for one in story.timeline if (line := _line(one, story)) is not None]


def size_of(one: StoredObject) -> str:
    """Return the size of an object that is there."""
    size = one.size or 0
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _line(one: Happening, story: JobStory) -> StoryLine | None:
    at = Moment.of(one.at, story.now)
    if at is None:
        return None
    detail = ". ".join(filter(None, ("" if one.seconds is None else span(one.seconds), one.detail)))
    return StoryLine(at, one.what[:1].upper() + one.what[1:], detail, one.kind.value, one.source)
