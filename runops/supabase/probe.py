"""Checks whether a project has everything that a job needs. What is tried in the tables is undone at once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from runops.job_row import Lane
from runops.keys import kind_of_key, refusal
from runops.recording_age import CLEAN_UP, age_of
from runops.supabase.connection import Supabase
from runops.supabase.dry_run import try_jobs, try_result
from runops.supabase.errors import ErrorKind, SupabaseError
from runops.supabase.jobs_reads import Backlog
from runops.supabase.jobs_requests import claims_page, queued_page, untouched_page
from runops.supabase.result_rows import PROMPT_TYPE
from runops.supabase.results import TYPED, WRITTEN
from runops.why_waiting.explanation import length

__all__ = ["BUCKET", "Finding", "inspect"]

BUCKET = "videos"
_FOLDERS = ("raw", "slim", "transcripts", "sops")
_NEEDED_TYPES = ("video/mp4", "application/json")
_TOLERATED_SKEW_SECONDS = 5.0
_NEW_STORAGE_API = "v1.7.0 (July 2024)"
"""By its source the first whose `/object/info` has a body."""
_OLDEST_STORAGE_API = "v0.46.4 (January 2024)"
"""The oldest that was run. Before v0.46.1, deleting a finished upload deletes the content of its object."""
_MIGRATIONS = "Apply the optional SQL in deploy/supabase/migrations."
_NO_VERSION = (
    "Where jobs is a view: add xmin as its last column. Where rights are granted by column: "
    "grant select (xmin) on public.jobs to service_role; Or let the app set updated_at with each write."
)
_STATUSES = (
    "runops sets status to queued, processing, completed and error, and the app reads these words. Let the column take "
    "them: drop the CHECK and add it again with all four, or for an enum: alter type THE_TYPE add value 'error';"
)
_SAYS_THE_SAME_AS = {
    "values in jobs": "table jobs",
    "queue": "table jobs",
    **{f"unique {name}.job_id": f"table {name}" for name in WRITTEN},
}
"""Checks that find the same again where another one failed."""
_NOBODY = "runops check"
_NO_OPERATOR = "42883"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the checklist.

    Attributes
    ----------
    name
        What was checked.
    ok
        Whether jobs can run with it as it is.
    detail
        What was found.
    remedy
        What to do, or what could be improved; None where there is nothing to do.
    warns
        Whether jobs wait although all is as it was set up.
    """

    name: str
    ok: bool
    detail: str
    remedy: str | None = None
    warns: bool = False


async def inspect(supabase: Supabase) -> list[Finding]:
    """Run every check. A failure becomes a finding; nothing is raised and nothing that is written stays.

    The checks stop where the key is rejected or the project does not answer: the others would fail in the same way.
    """
    if (sentence := refusal(supabase.key)) is not None:
        return [Finding("key", ok=False, detail=f"a {kind_of_key(supabase.key)}", remedy=sentence)]
    findings = [Finding("key", ok=True, detail=f"a {kind_of_key(supabase.key)}")]
    checks: list[tuple[str, Callable[[Supabase], Awaitable[Finding]]]] = [
        ("table jobs", _jobs),
        ("values in jobs", _values),
        *((f"table {name}", _table(name)) for name in WRITTEN),
        *((f"unique {name}.job_id", _unique(name)) for name in WRITTEN),
        ("queue", _queue),
        (f"bucket {BUCKET}", _bucket),
        *((f"folder {folder}", _folder(folder)) for folder in _FOLDERS),
        ("sizes of recordings", _sizes),
        ("users", _users),
        ("storage-api", _storage_api),
    ]
    broken: set[str] = set()
    for name, check in checks:
        if _SAYS_THE_SAME_AS.get(name) in broken:
            continue
        try:
            found = await check(supabase)
        except SupabaseError as error:
            found = Finding(name, ok=False, detail=str(error.kind), remedy=error.message)
            if error.kind is ErrorKind.KEY_REJECTED or error.retryable:
                findings.append(found)
                break
        findings.append(found)
        if not found.ok:
            broken.add(name)
    if (skew := supabase.clock_skew_seconds) is not None:
        findings.append(_clock(skew))
    return findings


async def _jobs(supabase: Supabase) -> Finding:
    columns = await supabase.jobs.columns()
    await _read_as_the_intake_does(supabase, columns.read)
    if not await _holds_json(supabase):
        return Finding(
            "table jobs",
            ok=False,
            detail="the column metadata is neither of type jsonb nor json, so no claim can be read in it",
            remedy="Run in the SQL editor: alter table public.jobs alter column metadata type jsonb "
            "using metadata::jsonb; notify pgrst, 'reload schema';",
        )
    optional = {"progress_stage and progress_percent": columns.progress, "completed_at": columns.completed_at}
    optional["error"] = columns.error
    missing = [name for name, there in optional.items() if not there]
    remedies = [_MIGRATIONS] if missing else []
    if not columns.version:
        missing.append("xmin, so what an app writes to metadata alone can be lost")
        remedies.append(_NO_VERSION)
    if not missing:
        return Finding("table jobs", ok=True, detail="all columns are there")
    return Finding("table jobs", ok=True, detail=f"works without {', '.join(missing)}", remedy=" ".join(remedies))


async def _read_as_the_intake_does(supabase: Supabase, select: tuple[str, ...]) -> None:
    """Ask what depends on the columns' types, reading no row or one."""
    queued = queued_page(select, lane=Lane.FRESH, without_users=[_NOBODY], without_nobody=True, prioritised=True)
    untouched = untouched_page(_NOBODY, 0, lane=Lane.BACKFILL)
    for page in (lambda table: queued(table).limit(0), untouched, claims_page(_NOBODY, first=0, last=0)):
        await supabase.rest.read(page, table="jobs", doing="reading the table jobs as the intake does")


async def _holds_json(supabase: Supabase) -> bool:
    """Tell the type of `metadata` by its operators: `jsonb` has both, `json` has none, and a text has only `=`."""
    contains, equals = [await _has_operator(supabase, operator) for operator in ("cs", "eq")]
    return contains or not equals


async def _has_operator(supabase: Supabase, operator: str) -> bool:
    try:
        await supabase.rest.read(
            lambda table: table.select("job_id").filter("metadata", operator, "{}").limit(0),
            table="jobs",
            doing="looking at the column metadata of the table jobs",
        )
    except SupabaseError as error:
        if error.code != _NO_OPERATOR:
            raise
        return False
    return True


async def _values(supabase: Supabase) -> Finding:
    title = "values in jobs"
    trial = await try_jobs(supabase)
    if trial.refused:
        turn, error = next(iter(trial.refused.items()))
        others = f" It refuses {', '.join(list(trial.refused)[1:])} too." if len(trial.refused) > 1 else ""
        return Finding(title, ok=False, detail=f"{turn}: {error.message}{others}", remedy=_STATUSES)
    if trial.by_trigger:
        turn, error = next(iter(trial.by_trigger.items()))
        return Finding(
            title,
            ok=True,
            warns=True,
            detail=f"{turn}: a trigger refuses it: {error.message}",
            remedy="A trial cannot show what the row was before. See that the trigger lets service_role set each "
            "status: queued, processing, completed, error.",
        )
    if trial.untried is not None:
        return Finding(
            title,
            ok=True,
            warns=True,
            detail=f"not tried: {trial.untried.message}",
            remedy="Check again once there is a row to try it on.",
        )
    return Finding(title, ok=True, detail="each status and stage is taken (tried and undone)")


def _table(name: str) -> Callable[[Supabase], Awaitable[Finding]]:
    async def check(supabase: Supabase) -> Finding:
        title = f"table {name}"
        await supabase.results.look_at(name)
        trial = await try_result(supabase, name)
        if trial.refusal is not None:
            return Finding(
                title,
                ok=False,
                detail=trial.refusal.message,
                remedy=f"Let {name} take a row of job_id and the result alone: give other columns a default. See "
                "docs/install.md, The tables.",
            )
        found = "all columns are there, and a row is taken (tried and undone)"
        if name == "sops" and await supabase.results.has_prompt_types():
            found += f"; ours have the {TYPED} {PROMPT_TYPE}, others are left alone"
        if trial.needs_user:
            remedy = "The table takes no SOP without a user: set metadata.user_id in each row of jobs."
            return Finding(title, ok=True, detail=found, remedy=remedy, warns=True)
        return Finding(title, ok=True, detail=found)

    return check


def _unique(name: str) -> Callable[[Supabase], Awaitable[Finding]]:
    async def check(supabase: Supabase) -> Finding:
        title = f"unique {name}.job_id"
        if await _has_unique(supabase, name, "job_id"):
            return Finding(title, ok=True, detail="there is a unique index")
        typed = name == "sops" and await supabase.results.has_prompt_types()
        if typed and await _has_unique(supabase, name, f"job_id,{TYPED}"):
            return Finding(title, ok=True, detail=f"there is a unique index on job_id and {TYPED}")
        return Finding(title, ok=True, detail="no unique index; works without", remedy=_MIGRATIONS)

    return check


async def _has_unique(supabase: Supabase, name: str, columns: str) -> bool:
    try:
        # No row is sent, so none is written; the database still resolves the index that it would need.
        await supabase.rest.read(
            lambda table: table.upsert([], on_conflict=columns),
            table=name,
            doing=f"looking for the unique index of the table {name}",
        )
    except SupabaseError as error:
        if error.code != "42P10":
            raise
        return False
    return True


async def _bucket(supabase: Supabase) -> Finding:
    title = f"bucket {BUCKET}"
    info = await supabase.storage.bucket(BUCKET)
    if info is None:
        return Finding(
            title, ok=False, detail="there is no such bucket", remedy="Create it in the Supabase dashboard, Storage."
        )
    types = info.allowed_mime_types
    if types is not None and not types:
        return Finding(
            title,
            ok=False,
            detail="lists no allowed MIME type, and so takes no file over 6 MiB",
            remedy=f"Remove the list in the Supabase dashboard, Storage, or add {' and '.join(_NEEDED_TYPES)}.",
        )
    refused = [wanted for wanted in _NEEDED_TYPES if types is not None and not _allows(types, wanted)]
    if refused:
        return Finding(
            title,
            ok=False,
            detail=f"does not take {' and '.join(refused)}",
            remedy="Add these to the bucket's allowed MIME types in the Supabase dashboard, Storage.",
        )
    limit = "the project's limit" if info.file_size_limit is None else f"{info.file_size_limit} bytes"
    return Finding(title, ok=True, detail=f"files up to {limit}")


def _allows(types: tuple[str, ...], wanted: str) -> bool:
    """Return whether a bucket takes a type. Storage compares letter by letter, and `*/*` is no wildcard to it."""
    return any(one in {wanted, f"{wanted.partition('/')[0]}/*"} for one in types)


def _folder(folder: str) -> Callable[[Supabase], Awaitable[Finding]]:
    async def check(supabase: Supabase) -> Finding:
        found = await supabase.storage.list_prefix(BUCKET, folder)
        return Finding(f"folder {folder}", ok=True, detail="holds objects" if found else "empty, made when first used")

    return check


async def _sizes(supabase: Supabase) -> Finding:
    """Ask for the size of a recording, as the worker does before it downloads one."""
    title = "sizes of recordings"
    there = await supabase.storage.list_prefix(BUCKET, "raw")
    info = await supabase.storage.stat(BUCKET, there[0] if there else f"raw/{uuid4()}.mp4")
    if there and info is None:
        detail = f"storage lists {there[0]} and yet does not find it"
        return Finding(title, ok=False, detail=detail, remedy="Update storage-api (self-hosted), or upload it again.")
    return Finding(title, ok=True, detail="storage tells them" if there else "no recording to ask for")


async def _users(supabase: Supabase) -> Finding:
    """Ask for a user that does not exist, as the worker does for the user of a row."""
    try:
        await supabase.users.exists(uuid4())
    except SupabaseError as error:
        if error.kind is not ErrorKind.NOT_FOUND:
            raise
        return Finding("users", ok=True, detail=f"not asked before a video is worked on: {error.message}")
    return Finding("users", ok=True, detail="the Auth service tells who exists")


async def _queue(supabase: Supabase) -> Finding:
    backlog, later = await supabase.jobs.backlog(Lane.FRESH), await supabase.jobs.backlog(Lane.BACKFILL)
    if not backlog.rows and not later.rows:
        return Finding("queue", ok=True, detail="no row waits")
    now = datetime.now(UTC) + timedelta(seconds=supabase.clock_skew_seconds or 0)
    detail, oldest = _waiting(backlog, now=now)
    if later.rows:
        of_backfill, age = _waiting(later, now=now)
        detail, oldest = f"{detail}; as backfill {of_backfill}", max(oldest, age)
    if oldest < CLEAN_UP:
        return Finding("queue", ok=True, detail=detail)
    return Finding(
        "queue",
        ok=True,
        detail=f"{detail}: longer than many apps keep recordings in raw/ (a day)",
        remedy="Raise what works on the queue, or let the app keep recordings until their rows are completed. "
        "A row whose recording is gone ends with SourceMissing.",
        warns=True,
    )


def _waiting(backlog: Backlog, *, now: datetime) -> tuple[str, timedelta]:
    detail = f"{backlog.rows} row{'' if backlog.rows == 1 else 's'} waiting"
    age = age_of(backlog.oldest, now=now)
    return (detail, timedelta(0)) if age is None else (f"{detail}, the oldest for {length(age.total_seconds())}", age)


async def _storage_api(supabase: Supabase) -> Finding:
    title, storage = "storage-api", supabase.storage
    if not await storage.takes_parts():
        return Finding(
            title,
            ok=False,
            detail="takes no files in parts (/upload/resumable), so none over 6 MiB can be stored",
            remedy=f"Update storage-api. The oldest that is known to work is {_OLDEST_STORAGE_API}.",
        )
    for folder in _FOLDERS:
        for key in await storage.newest_sizes(BUCKET, folder, limit=20):
            if await storage.index_tells(BUCKET, key):
                return Finding(title, ok=True, detail="/object/info tells the size of an object")
            return Finding(
                title,
                ok=True,
                detail="/object/info does not tell the size of an object; works, one more request for each",
                remedy=f"Update storage-api to {_NEW_STORAGE_API} or later. The oldest that is known to work is "
                f"{_OLDEST_STORAGE_API}.",
            )
    return Finding(
        title,
        ok=True,
        detail=f"takes files in parts; no object yet to ask /object/info about. The oldest that is known to work is "
        f"{_OLDEST_STORAGE_API}.",
    )


def _clock(skew: float) -> Finding:
    ok = abs(skew) <= _TOLERATED_SKEW_SECONDS
    side = "ahead of" if skew > 0 else "behind"
    return Finding(
        "clock",
        ok=ok,
        detail=f"the server's clock is {abs(skew):.0f} s {side} this machine's",
        remedy=None if ok else "Let this machine set its clock by NTP.",
    )
