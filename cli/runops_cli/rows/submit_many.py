"""Queues many recordings, a few at a time. One that fails keeps no other."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from runops.failures import Failed
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.objects import BucketInfo
from runops_cli.rows.submission import Submission
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.many_uploads import ManyUploads

__all__ = ["SubmittedFiles", "submit_many"]

_AT_ONCE = 3
_FAILS_ALL = frozenset({ErrorKind.KEY_REJECTED, ErrorKind.TABLE_MISSING})


@dataclass(slots=True)
class SubmittedFiles:
    """What became of the files.

    Attributes
    ----------
    queued
        The new jobs.
    failed
        The files that were not queued.
    untried
        Those that were not tried, since what happened to another one happens to all.
    """

    queued: list[UUID] = field(default_factory=list)
    failed: list[Path] = field(default_factory=list)
    untried: list[Path] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """All of it in one line."""
        parts = [f"{len(self.queued)} queued"]
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        parts += [f"{len(self.untried)} not tried"] if self.untried else []
        return f"{', '.join(parts)}."


async def submit_many(
    supabase: Supabase,
    submissions: Sequence[Submission],
    bucket: BucketInfo | None,
    uploads: ManyUploads,
    show_id: Callable[[UUID], None],
) -> SubmittedFiles:
    """Upload and queue the files, three at a time.

    Parameters
    ----------
    supabase
        The project.
    submissions
        The files.
    bucket
        Where they are put; None where it does not exist.
    uploads
        Shows the progress, and what became of each file.
    show_id
        Receives the id of each new job.
    """
    done, left = SubmittedFiles(), list(reversed(submissions))

    async def worker() -> None:
        while left:
            one = left.pop()
            said, style = await _sent(supabase, one, bucket, uploads, done)
            if said is None:
                show_id(one.job_id)
                uploads.say(f"{one.file}  queued as {one.job_id}", style="green")
                continue
            uploads.say(f"{one.file}  {said.removeprefix(f'{one.file} ')}", style="red")
            if style:
                done.untried += [other.file for other in reversed(left)]
                left.clear()

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(worker())
    return done


async def _sent(
    supabase: Supabase, one: Submission, bucket: BucketInfo | None, uploads: ManyUploads, done: SubmittedFiles
) -> tuple[str | None, bool]:
    """Return why a file was not queued, None where it was, and whether the same happens to all others."""
    try:
        with uploads.upload(one.file, one.size) as on_progress:
            await one.check(supabase, bucket)
            await one.send(supabase, on_progress)
    except SupabaseError as error:
        said, fails_all = error.message, error.kind in _FAILS_ALL
    except Failed as error:
        said, fails_all = f"{error.detail} {error.failure.remedy}", False
    except CommandFailed as error:
        said, fails_all = str(error), False
    except OSError as error:
        said, fails_all = f"could not be read: {error.strerror}.", False
    else:
        done.queued.append(one.job_id)
        return None, False
    done.failed.append(one.file)
    return said, fails_all
