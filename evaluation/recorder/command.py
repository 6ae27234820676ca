"""`record`: make gold recordings by script."""

import argparse
import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evaluation.recorder.browser import NotOnPageError
from evaluation.recorder.camera import CameraFailedError
from evaluation.recorder.catalogue import JOINED, RECORDED
from evaluation.recorder.end_on_signal import ended_on_signal
from evaluation.recorder.join import JoinImpossibleError, join
from evaluation.recorder.programs import ProgramMissingError
from evaluation.recorder.record import ScriptWrongError, record
from evaluation.recorder.recorded_task import JoinedTask, RecordedTask

__all__ = ["add_to"]

_PARTS = {one.name: one for one in RECORDED}
_TASKS: dict[str, RecordedTask | JoinedTask] = {**_PARTS, **{one.name: one for one in JOINED}}


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "record",
        help="make gold recordings by script",
        description="Work real programs by script on a virtual screen, film it, and note what is true meanwhile.",
    )
    parser.set_defaults(command=_record)
    parser.add_argument("tasks", nargs="*", metavar="TASK", help="which ones; all if none is given")
    parser.add_argument("--out", type=Path, metavar="GOLD", help="folder that gets one folder for each recording")
    parser.add_argument("--again", action="store_true", help="make those again that are there already")
    parser.add_argument("--list", action="store_true", help="say which tasks there are")


def _record(arguments: argparse.Namespace) -> int:
    if arguments.list:
        for name, task in _TASKS.items():
            print(f"{name:20} {task.language}  {task.task}")
        return 0
    unknown = [name for name in arguments.tasks if name not in _TASKS]
    if unknown or arguments.out is None:
        _say(
            f"There is no task {', '.join(unknown)}. There are: {', '.join(_TASKS)}."
            if unknown
            else "Say with --out where the recordings go."
        )
        return 2
    arguments.out.mkdir(parents=True, exist_ok=True)
    names = arguments.tasks or list(_TASKS)
    return asyncio.run(ended_on_signal(_all(names, arguments.out, again=arguments.again), _say))


async def _all(names: Sequence[str], root: Path, *, again: bool) -> int:
    failed = False
    for number, name in enumerate(names, 1):
        begun = f"[{number}/{len(names)}] {name}"
        if (root / name / "about.json").exists() and not again:
            _say(f"{begun}: there already")
            continue
        _say(f"{begun}: recording")
        start = time.monotonic()
        try:
            folder = await _one(_TASKS[name], root)
        except ProgramMissingError as error:
            _say(str(error))
            return 2
        except (
            NotOnPageError,
            ScriptWrongError,
            CameraFailedError,
            JoinImpossibleError,
            TimeoutError,
            OSError,
        ) as error:
            if (own := asyncio.current_task()) is not None and own.cancelling():
                # Cleaning up failed after a signal: there is no next recording.
                raise asyncio.CancelledError from error
            failed = True
            _say(f"{begun}: failed: {error}")
        else:
            _say(f"{begun}: {folder}, after {time.monotonic() - start:.0f} s")
    return 1 if failed else 0


async def _one(task: RecordedTask | JoinedTask, root: Path) -> Path:
    if isinstance(task, JoinedTask):
        return await join(task, _PARTS, root)
    return await record(task, root)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
