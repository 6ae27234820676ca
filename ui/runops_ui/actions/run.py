"""Carries an action out, job by job, and counts what became of each."""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from runops.failures import CANCEL_SENTENCE
from runops.job_row import RowStatus
from runops.logs import error_text
from runops.supabase import row_commands
from runops.supabase.connection import Supabase
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.row_commands import Outcome
from runops.supabase.shown_row import ShownRow
from runops.videojob import videojob_name
from runops_ui.actions.action import Action
from runops_ui.cluster.access import ClusterAccess, ClusterUnavailable

__all__ = ["Order", "Run", "Runs"]

_log = logging.getLogger(__name__)
_ENDED = (RowStatus.ERROR, RowStatus.COMPLETED)
_AT_ONCE = 8
_KEPT = 50
_MOST_REFUSALS = 20
_LONGEST_SECONDS = 3600.0
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Order:
    """What was ordered.

    Attributes
    ----------
    rows
        The jobs as they were shown. A job that changed since is left alone.
    why
        The reason of a cancel, for the row; may be empty.
    """

    action: Action
    rows: tuple[ShownRow, ...]
    why: str = ""


@dataclass(slots=True)
class Run:
    """How far an order is.

    Attributes
    ----------
    outcomes
        How many jobs, by what became of them.
    refusals
        The first jobs that were not changed, with the reason.
    trouble
        Why it ended early.
    """

    order: Order
    name: str = field(default_factory=lambda: secrets.token_hex(6))
    outcomes: Counter[str] = field(default_factory=Counter)
    refusals: list[tuple[UUID, str]] = field(default_factory=list)
    trouble: str | None = None
    ended: bool = False

    @property
    def done(self) -> int:
        """How many jobs were dealt with."""
        return self.outcomes.total()

    def note(self, job_id: UUID, outcome: str, refusal: str | None = None) -> None:
        """Count a job."""
        self.outcomes[outcome] += 1
        if refusal is not None and len(self.refusals) < _MOST_REFUSALS:
            self.refusals.append((job_id, refusal))


class Runs:
    """Carries orders out beside the pages, and keeps the last ones.

    Parameters
    ----------
    supabase
        The project.
    access
        The cluster; None where there is none.
    """

    def __init__(self, supabase: Supabase, access: ClusterAccess | None) -> None:
        self._supabase, self._access = supabase, access
        self._runs: dict[str, Run] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def get(self, name: str) -> Run | None:
        """Return one of the last runs."""
        return self._runs.get(name)

    def start(self, order: Order) -> Run:
        """Begin with an order."""
        run = Run(order)
        for old in list(self._runs)[: max(0, len(self._runs) + 1 - _KEPT)]:
            del self._runs[old]
        self._runs[run.name] = run
        task = asyncio.get_running_loop().create_task(self._carry_out(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return run

    async def aclose(self) -> None:
        """Stop; what was done stands."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry_out(self, run: Run) -> None:
        order = run.order
        _log.info("%s of %d jobs was ordered on the page", order.action, len(order.rows))
        try:
            async with asyncio.timeout(_LONGEST_SECONDS):
                for start in range(0, len(order.rows), _AT_ONCE):
                    await self._some(run, order.rows[start : start + _AT_ONCE])
        except (SupabaseError, ClusterUnavailable) as error:
            run.trouble = f"{error} The rest was not tried. What was done stands; doing it again is safe."
        except TimeoutError:
            run.trouble = f"It took longer than {_LONGEST_SECONDS / 60:.0f} min. The rest was not tried."
        except asyncio.CancelledError:
            run.trouble = "The page's program ended. The rest was not tried."
            raise
        except Exception as error:  # noqa: BLE001 - whoever ordered it is told
            _log.exception("Unexpected error while an order of the page was carried out.")
            run.trouble = f"It failed ({error_text(error)}). The rest was not tried."
        finally:
            run.ended = True
            _log.info("%s ended: %s", order.action, dict(run.outcomes))

    async def _some(self, run: Run, rows: Sequence[ShownRow]) -> None:
        results = await asyncio.gather(*(self._one(run, row) for row in rows), return_exceptions=True)
        if (first := next(_errors(results), None)) is not None:
            raise first

    async def _one(self, run: Run, row: ShownRow) -> None:
        order, job_id = run.order, row.job_id
        try:
            if order.action is Action.RETRY:
                result = await row_commands.run_again(
                    self._supabase, job_id, from_statuses=_ENDED, only_if=row.is_still
                )
                self._note(run, job_id, result, done="queued again", already="was queued already")
            elif order.action is Action.CANCEL:
                result = await row_commands.cancel(self._supabase, job_id, _sentence(order.why), shown=row)
                self._note(run, job_id, result, done="cancelled", already="was cancelled already")
            else:
                await self._suspend(run, job_id, suspended=order.action is Action.PAUSE)
        except SupabaseError as error:
            if not (error.unreadable or error.refuses_row or error.kind is ErrorKind.CONFLICT):
                raise
            run.note(job_id, "could not be changed", error.message)

    async def _suspend(self, run: Run, job_id: UUID, *, suspended: bool) -> None:
        if self._access is None:
            raise ClusterUnavailable("No cluster is configured.")
        await self._access.set_suspended(videojob_name(job_id), suspended=suspended)
        run.note(job_id, "paused" if suspended else "continued")

    @staticmethod
    def _note(run: Run, job_id: UUID, result: row_commands.CommandResult, *, done: str, already: str) -> None:
        match result.outcome:
            case Outcome.DONE:
                run.note(job_id, done)
            case Outcome.ALREADY:
                run.note(job_id, already)
            case Outcome.REFUSED:
                status = None if result.row is None else result.row.status
                said = f"It is no longer as it was shown; its status is {status or 'missing'}."
                run.note(job_id, "changed meanwhile and left alone", said)
            case Outcome.MISSING:
                run.note(job_id, "no longer there", "Its row was deleted.")


def _errors(results: Iterable[BaseException | None]) -> Iterator[BaseException]:
    return (one for one in results if isinstance(one, BaseException))


def _sentence(why: str) -> str:
    said = " ".join(why.split())[:_LONGEST_REASON]
    return f"{CANCEL_SENTENCE}: {said or 'on the page of the queue.'}"
