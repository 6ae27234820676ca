"""Why no rows are claimed, for the readiness probe, the log and the metrics."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from runops.breakers.reason_breakers import Pause
from runops.failures import TABLE, FailureClass, Reason
from runops.standstill import Standstill, next_try
from runops.supabase.errors import ErrorKind, SupabaseError
from runops_operator.kubernetes_api.cluster import ClusterError
from runops_operator.observability.metrics import Metrics

__all__ = ["IntakeStatus"]

_log = logging.getLogger(__name__)
_KEY_REASONS = frozenset(reason for reason, row in TABLE.items() if row.failure_class is FailureClass.KEY)


class IntakeStatus:
    """The state of the intake.

    Parameters
    ----------
    metrics
        Shows the reason of a pause, and counts errors of Supabase.
    now
        The time, with its zone.
    """

    def __init__(self, metrics: Metrics, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._metrics = metrics
        self._now = now
        self.last_read_at: float | None = None
        """Loop time of the last successful read of the table; None before the first."""
        self.standstill: Standstill | None = None
        """Why nothing is claimed; None while rows are claimed, or would be if there were any."""
        self.needs_a_key = False
        """Whether a person must change a key or a setting."""
        self._waits_for_quota = False
        self._waits_for_estimates = False
        self.is_intended = False
        """Whether a cap on spending, or an order to drain, does what it is there for."""

    @property
    def trouble(self) -> str | None:
        """Why nothing is claimed, as a sentence; None where `standstill` is None."""
        return None if self.standstill is None else self.standstill.sentence

    def pause(self, sentence: str, reason: str, *, fault: Pause | None = None) -> None:
        """Note that nothing is claimed, and why; `fault` where every video meets one."""
        if self.trouble != sentence:
            _log.log(logging.INFO if reason == Reason.DRAINED else logging.ERROR, "No rows are claimed: %s", sentence)
        if fault is not None:
            self.standstill = Standstill(reason, sentence, fault.since, next_try(fault))
        else:
            before = self.standstill
            since = before.since if before is not None and before.reason == reason else self._now()
            self.standstill = Standstill(reason, sentence, since)
        self.needs_a_key = reason in _KEY_REASONS
        self.is_intended = reason in {Reason.SPENDING_CAP_REACHED, Reason.DRAINED}
        self._metrics.intake_paused(reason)

    def pause_for(self, error: SupabaseError | ClusterError) -> None:
        """Note that nothing is claimed because Supabase or the API server refused or did not answer."""
        if isinstance(error, ClusterError):
            self.pause(str(error), "ClusterUnavailable")
            return
        self._metrics.supabase_error(error.kind)
        self.pause(str(error), ErrorKind.CONFLICT if error.kind is ErrorKind.CONFLICT else error.reason)

    def pause_for_failure(self, reason: Reason, *, why: str | None = None, fault: Pause | None = None) -> None:
        """Note that nothing is claimed because every video would meet this failure.

        Parameters
        ----------
        reason
            Of the failure.
        why
            The failure in a sentence with its figures; None where that of the failure table is enough.
        fault
            The fault that videos met; None where none did.
        """
        self.pause(why or TABLE[reason].with_remedy(), reason, fault=fault)

    def wait_for_quota(self, *, waits: bool) -> None:
        """Note whether slots stay free since a quota per minute of the model is used up. That is no trouble."""
        if waits and not self._waits_for_quota:
            _log.info(
                "Slots stay free: the model's quota per minute is used up, and more videos would only wait for it."
            )
        self._waits_for_quota = waits
        self._metrics.intake_waits_for_quota(waits)

    def wait_for_estimates(self, *, waits: bool) -> None:
        """Note whether slots stay free since a cap on spending might be exceeded. That is no trouble."""
        if waits and not self._waits_for_estimates:
            _log.info(
                "Slots stay free: it is not known yet what videos at work will cost, and one more might exceed a cap "
                "on spending."
            )
        self._waits_for_estimates = waits

    def free_slots(self, slots: int) -> None:
        """Show how many more rows may be claimed."""
        self._metrics.free_slots(slots)

    def resume(self) -> None:
        """Note that rows are claimed, or that only a free slot is missing."""
        if self.trouble is not None:
            _log.info("Rows are claimed again.")
        self.standstill, self.needs_a_key, self.is_intended = None, False, False
        self._metrics.intake_paused(None)

    def note_read(self, at: float, *, resumes: bool = True) -> None:
        """Note a successful read of the table, by its loop time; `resumes` where nothing else stops the claims."""
        self.last_read_at = at
        if resumes:
            self.resume()
