"""Which files a document must not replace: those that are not of a document of ours."""

from pathlib import Path

from runops.procedure.markdown import DOCUMENT
from runops_cli.documents.wanted import Wanted

__all__ = ["VIDEO", "page_video", "refused_file"]

VIDEO = "recording.mp4"
"""Of a folder of Markdown."""
_LINK = '<a class="time" href="'
"""Begins a link into the video on each page of ours that was written with one."""
_OURS = "- **Job:** "
"""A line that each Markdown of ours has."""


def page_video(page: Path) -> Path:
    """Return where the video beside a page is."""
    return page.with_suffix(".mp4")


def refused_file(wanted: Wanted) -> Path | None:
    """Return the first file that would be replaced though nobody named it and it is not ours; None where there is none.

    A video is ours if the page beside it has links into it. A folder is ours if its text names the job.
    """
    if wanted.html is not None and wanted.with_video:
        video = page_video(wanted.html)
        if video.exists() and (video == wanted.html or _LINK not in _text(wanted.html)):
            return video
    if wanted.markdown is not None and _OURS not in _text(wanted.markdown / DOCUMENT):
        names = (DOCUMENT, VIDEO) if wanted.with_video else (DOCUMENT,)
        return next((path for name in names if (path := wanted.markdown / name).exists()), None)
    return None


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
