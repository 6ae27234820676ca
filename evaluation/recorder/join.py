"""Joins recordings to a long one, and moves what is true of them to the seconds at which it happens there."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from evaluation.recorder.camera import duration_of, join_files
from evaluation.recorder.outline import Decision, Loop, Outline, Part, Task, sop_of
from evaluation.recorder.record import write_folder
from evaluation.recorder.recorded_task import JoinedTask, RecordedTask
from evaluation.recorder.truth import joined
from runops_evaluation.gold.about import About
from runops_evaluation.gold.events import Events
from runops_evaluation.gold.read import read_gold, sha256_of
from runops_evaluation.gold.recording import GoldRecording

__all__ = ["JoinImpossibleError", "join", "joined_outline", "order_of", "renamed"]

_MOST_APART = 1.0


class JoinImpossibleError(Exception):
    """Parts are missing, or the joined file is not as long as its parts."""


async def join(task: JoinedTask, tasks: Mapping[str, RecordedTask], root: Path) -> Path:
    """Join recordings of a root, and return the folder of the long one.

    Parameters
    ----------
    task
        What is joined.
    tasks
        The tasks of the parts, by name.
    root
        Where the parts are, and where the long recording goes.

    Raises
    ------
    JoinImpossibleError
        See there.
    """
    there = {one.name: one for one in read_gold(root).recordings if one.recording is not None}
    if missing := [name for name in task.parts if name not in there]:
        raise JoinImpossibleError(f"{task.name} needs {', '.join(missing)}: record them first into {root}")
    names = order_of({name: there[name].about.duration for name in task.parts}, task.seconds)
    with tempfile.TemporaryDirectory() as folder:
        film = Path(folder) / "recording.mp4"
        await join_files([(_film(there[name]), there[name].about.duration) for name in names], film)
        expected, seconds = sum(there[name].about.duration for name in names), await duration_of(film)
        if abs(expected - seconds) > _MOST_APART:
            raise JoinImpossibleError(f"{task.name} has {seconds} s, but its parts have {expected:.2f} s together")
        about = About(
            format=1,
            task=task.task,
            language=task.language,
            synthetic_narration=True,
            duration=seconds,
            made_by="evaluation/recorder/join.py",
            sha256=sha256_of(film),
        )
        sop = sop_of(joined_outline(task, [tasks[name].outline for name in task.parts]), task.name)
        return write_folder(root / task.name, about=about, events=_events(names, there), sop=sop, film=film)


def order_of(durations: Mapping[str, float], seconds: float) -> list[str]:
    """Return which recordings follow one another for so long at most: each once at least, and in a row."""
    times = max(int(seconds // sum(durations.values())), 1)
    left = seconds - times * sum(durations.values())
    order: list[str] = []
    for name, duration in durations.items():
        fits_once_more = duration <= left
        left -= duration if fits_once_more else 0.0
        order += [name] * (times + fits_once_more)
    return order


def joined_outline(task: JoinedTask, outlines: Sequence[Outline]) -> Outline:
    """Return one procedure in which each of several is a loop: it is carried out for each of its cases."""
    parts: list[Part] = []
    for name, outline in zip(task.parts, outlines, strict=True):
        own = [renamed(part, name) for part in outline.parts]
        loops = [part for part in own if isinstance(part, Loop)]
        steps = tuple(part for part in own if not isinstance(part, Loop))
        if not loops:
            whole = Loop(f"{name}.all", outline.title, each=f"cases: {outline.trigger}", until=outline.done, body=steps)
            parts.append(whole)
        elif len(own) == 1:
            parts += loops
        else:
            raise JoinImpossibleError(f"{name} has a loop and other steps, and a SOP has no loop in a loop")
    return Outline(
        title="An office day",
        goal="What has come in is done.",
        purpose="Nothing is left for the next day.",
        owner="Office",
        trigger="A working day begins",
        done="What has come in is done",
        parts=tuple(parts),
    )


def renamed(part: Part, name: str) -> Part:
    """Return a part whose ids, and those in it, begin with a name."""
    own = f"{name}.{part.id}"
    if isinstance(part, Task):
        return replace(part, id=own)
    if isinstance(part, Decision):
        yes, no = (tuple(renamed(one, name) for one in way) for way in (part.yes, part.no))
        return replace(part, id=own, yes=yes, no=no)
    body = tuple(one for part in part.body if not isinstance(one := renamed(part, name), Loop))
    return replace(part, id=own, body=body)


def _events(names: Sequence[str], there: Mapping[str, GoldRecording]) -> Events:
    begin, parts = 0.0, []
    for name in names:
        parts.append((begin, _with_steps_of(there[name].events, name)))
        begin += there[name].about.duration
    return joined(parts)


def _with_steps_of(events: Events, name: str) -> Events:
    def own(step: str | None) -> str | None:
        return None if step is None else f"{name}.{step}"

    return events.model_copy(
        update={
            "events": tuple(one.model_copy(update={"step": own(one.step)}) for one in events.events),
            "speech": tuple(one.model_copy(update={"step": own(one.step)}) for one in events.speech),
        }
    )


def _film(recording: GoldRecording) -> Path:
    assert recording.recording is not None
    return recording.recording
