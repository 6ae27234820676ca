"""Part of finalizing: the page of the procedure goes into storage, where the installation wants one.

It is an extra. A failure is told in the status, and the video goes on without the page.
"""

import asyncio
import contextlib
import logging
from pathlib import Path
from typing import Any, Final

from runops.failures import Failed, Reason
from runops.procedure import Picture, Procedure, build
from runops.report import Output
from runops.sop_as_stored import sop_as_stored
from runops.supabase.errors import SupabaseError
from runops_worker.context import Context
from runops_worker.failure_reason import as_failed
from runops_worker.media.stills.take_pictures import pictures_for_page

__all__ = ["store_page"]

_LOG = logging.getLogger(__name__)
_SECONDS: Final = 600.0
"""Two hours of video with two hundred pictures take one or two minutes."""
_TYPE: Final = "text/html; charset=utf-8"
_LONGEST: Final = 300


async def store_page(context: Context, transcript: list[dict[str, Any]]) -> Output:
    """Write the page of the SOP that is in the table, edits of people included.

    Parameters
    ----------
    context
        Of the run.
    transcript
        As it is in the table.

    Returns
    -------
    Output
        Where the page is; or, with its `problem`, why it is not there.

    Raises
    ------
    Failed
        `ClaimLost`.
    """
    bucket, key = context.task.source_bucket, context.task.page_object
    try:
        async with asyncio.timeout(_SECONDS):
            size = await _store(context, transcript)
    except TimeoutError:
        problem = f"The page was not written within {_SECONDS:.0f} s."
    except Exception as error:
        failed = as_failed(error)
        if failed.reason is Reason.CLAIM_LOST:
            raise
        # Whatever it is: transcript and SOP are there, and they are what counts.
        problem = failed.detail
        _LOG.warning("the page could not be written", exc_info=error, extra={"reason": failed.reason})
    else:
        _LOG.info("the page is in storage", extra={"bytes": size})
        return Output(name="page", location=f"{bucket}/{key}", size_bytes=size)
    # One of an earlier run would show another SOP than the table.
    with contextlib.suppress(SupabaseError):
        await context.storage.check_claim()
        await context.supabase.storage.remove(bucket, [key])
    return Output(name="page", location=f"{bucket}/{key}", problem=problem[:_LONGEST])


async def _store(context: Context, transcript: list[dict[str, Any]]) -> int:
    task = context.task
    data = await context.supabase.results.read_sop(task.job_id)
    sop = None if data is None else sop_as_stored(data)
    if sop is None:
        raise Failed(Reason.INVALID_OUTPUT, "The SOP in the table has no steps, so there is no page of it.")
    evidence = await context.storage.read_json(task.evidence_object)
    procedure = build(sop, transcript, evidence if isinstance(evidence, dict) else None, job_id=task.job_id)
    pictures = await pictures_for_page(await _video(context), procedure.moments, limits=context.limits)
    file = context.workdir / "page.html"
    try:
        await asyncio.to_thread(lambda: file.write_text(_html(context, procedure, pictures), "utf-8"))
        await context.storage.put_file(task.page_object, file, content_type=_TYPE, on_upload_id=_no_note)
        return file.stat().st_size
    finally:
        file.unlink(missing_ok=True)


def _html(context: Context, procedure: Procedure, pictures: dict[str, Picture]) -> str:
    # Jinja2 is not loaded where no page is wanted.
    from runops.procedure.html_page import html_page  # noqa: PLC0415

    return html_page(procedure, pictures, video=f"../{context.task.slim_object}")


async def _video(context: Context) -> Path:
    """Return the slim video; it is downloaded where an earlier attempt made it."""
    task, file = context.task, context.slim_file
    if not file.exists():
        await context.supabase.storage.download(
            task.source_bucket, task.slim_object, file, max_bytes=context.limits.max_bytes
        )
    return file


async def _no_note(_upload: str) -> None:
    """Note nothing: what a killed upload leaves of a page is a few megabytes, and storage drops it after a day."""
