"""What is recorded: a task, its procedure, its pages, who speaks, and the script that performs it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from evaluation.recorder.outline import Outline, ids_of, tasks_of
from evaluation.recorder.take import Take
from runops_evaluation.gold.events import Events

__all__ = ["JoinedTask", "RecordedTask", "Window", "faults_of"]


@dataclass(frozen=True)
class Window:
    """Another program than the browser, which stands behind it when the recording begins.

    Attributes
    ----------
    program
        Its command.
    title
        A part of its title.
    file
        Name and text of the file that is open in it.
    """

    program: str
    title: str
    file: tuple[str, str]


@dataclass(frozen=True)
class RecordedTask:
    """A task that one script performs.

    Attributes
    ----------
    name
        Of the recording's folder.
    task
        What is done, in one sentence.
    application
        What the browser shows, as people call it.
    site
        Folder below `pages`, or `office` for the program that Django's admin site is.
    host
        Under which name the browser knows the site.
    outline
        The true procedure.
    perform
        The script.
    page
        What the browser shows first.
    voice, words_per_minute, language
        Who speaks, how fast, and in which language.
    framed
        Whether tabs and address bar of the browser are seen.
    window
        Another program.
    """

    name: str
    task: str
    application: str
    site: str
    host: str
    outline: Outline
    perform: Callable[[Take], Awaitable[None]]
    page: str = ""
    voice: str = "en"
    words_per_minute: int = 150
    language: str = "en"
    framed: bool = False
    window: Window | None = None


@dataclass(frozen=True)
class JoinedTask:
    """A long recording that other recordings are joined to, each several times."""

    name: str
    task: str
    parts: tuple[str, ...]
    seconds: float
    language: Literal["en"] = "en"


def faults_of(task: RecordedTask, events: Events) -> Iterable[str]:
    """Yield where a script and its procedure do not fit: unknown steps, and tasks that nobody does or speaks about."""
    known = set(ids_of(task.outline.parts))
    noted = {step for _, step in events.steps()}
    yield from (f"the script performs {step!r}, which is not in the procedure" for step in sorted(noted - known))
    yield from (
        f"the script neither does nor says {one.id!r}" for one in tasks_of(task.outline.parts) if one.id not in noted
    )
