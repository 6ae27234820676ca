"""What was seen so far that decides what the operator owes."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from runops.job_row import JobRow, user_of
from tests.simulation.network import Process
from tests.simulation.operator_process import Site
from tests.simulation.table import MemoryDatabase
from tests.simulation.worker import Nature

__all__ = ["ENDED", "ROWS_WITHOUT_END", "Seen", "is_malformed"]

ENDED = frozenset({"completed", "error"})
ROWS_WITHOUT_END = frozenset({Nature.WRITE_REFUSED, Nature.UNDELETABLE})
"""Videos whose row cannot end, or not in a way that the promises name."""


@dataclass(kw_only=True)
class Seen:
    """The tables, the clusters, and what happened to them.

    Attributes
    ----------
    database
        The tables.
    sites
        The clusters.
    natures
        What is special about the videos.
    now
        The time.
    acting
        The process whose call is being carried out.
    tally
        How often what happened.
    slots_hold
        Whether the number of VideoJobs is limited: a person who deletes, resumes or makes some is not.
    by_hand, deleted_by_hand
        Names of the VideoJobs that a person made, and deleted.
    overwritten
        Rows whose claim an app wrote over, with its token.
    resting_since, calm_since
        Since when nothing disturbs any more, and since when every call is answered.
    jobs_made
        Uids of the Jobs of each video.
    rivals
        The claim that a consumer without claims wrote over, and when it began.
    of_others
        Rows to which a person, or a consumer without claims, wrote since an operator claimed them.
    done_by_rivals
        Uids of VideoJobs whose video a consumer without claims did.
    taken_with_a_claim
        Queued again, then taken by a consumer without claims: the claim of their last run makes them look ours.
    """

    database: MemoryDatabase
    sites: list[Site]
    natures: dict[UUID, Nature]
    now: Callable[[], datetime]
    acting: Callable[[], Process | None]
    tally: Counter[str] = field(default_factory=Counter)
    slots_hold: bool = True
    by_hand: set[str] = field(default_factory=set)
    deleted_by_hand: set[str] = field(default_factory=set)
    overwritten: dict[UUID, str] = field(default_factory=dict)
    resting_since: datetime | None = None
    calm_since: datetime | None = None
    jobs_made: defaultdict[UUID, set[str]] = field(default_factory=lambda: defaultdict(set))
    rivals: dict[UUID, tuple[str, datetime]] = field(default_factory=dict)
    of_others: set[UUID] = field(default_factory=set)
    done_by_rivals: set[str] = field(default_factory=set)
    taken_with_a_claim: set[UUID] = field(default_factory=set)

    def site(self, installation: str) -> Site:
        """Return the cluster of an installation."""
        return next(site for site in self.sites if site.installation == installation)

    def runs_by_hand(self, job_id: UUID) -> bool:
        """Return whether a person made a VideoJob for a row; it may be deleted while its claim is on its way."""
        return f"vj-{job_id}" in self.by_hand


def is_malformed(row: JobRow) -> bool:
    """Return whether a row names no user that can be read."""
    try:
        user_of(row)
    except Exception:  # noqa: BLE001 - whatever is wrong with it
        return True
    return False
