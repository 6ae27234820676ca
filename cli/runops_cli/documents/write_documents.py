"""Writes the documents of a procedure that the options of `runops sop` ask for."""

import asyncio
import json
from pathlib import Path

from runops.procedure import Picture, Procedure
from runops.procedure.as_json import as_json
from runops.procedure.html_page import html_page
from runops.procedure.markdown import DOCUMENT, markdown, picture_files
from runops_cli.documents.chromium_pdf import chromium, print_to_pdf
from runops_cli.documents.job_video import copy_slim, take_job_pictures
from runops_cli.documents.overwriting import VIDEO, page_video, refused_file
from runops_cli.documents.stored_procedure import StoredJob
from runops_cli.documents.wanted import Wanted
from runops_cli.scratch_folders import scratch_folder
from runops_cli.terminal.console import to_stderr
from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit

__all__ = ["write_documents"]


async def write_documents(job: StoredJob, procedure: Procedure, wanted: Wanted) -> None:
    """Write them, and a line about each.

    Raises
    ------
    CommandFailed
        A file cannot be written, or nothing on this machine prints a PDF.
    SupabaseError
        Storage did not answer.
    """
    # Before anything is downloaded.
    program = chromium() if wanted.pdf is not None else None
    for path in filter(None, (wanted.html, wanted.pdf, wanted.json)):
        if not path.parent.is_dir() or path.is_dir():
            raise CommandFailed(f"{path} cannot be written: its folder does not exist, or it is one.", Exit.USAGE)
    if wanted.markdown is not None and wanted.markdown.exists() and not wanted.markdown.is_dir():
        raise CommandFailed(f"{wanted.markdown} is a file. --markdown takes a folder.", Exit.USAGE)
    if (taken := refused_file(wanted)) is not None:
        raise CommandFailed(f"{taken} is there already, and is not replaced. Choose another place.", Exit.USAGE)
    try:
        if wanted.json is not None:
            _write(wanted.json, json.dumps(as_json(procedure), ensure_ascii=False, indent=2) + "\n")
        with scratch_folder(None) as folder:
            if wanted.html is not None or wanted.pdf is not None:
                pictures = await _pictures(job, procedure, wanted, for_files=False, folder=folder)
                await _write_page(job, procedure, pictures, wanted, program=program)
            if wanted.markdown is not None:
                pictures = await _pictures(job, procedure, wanted, for_files=True, folder=folder)
                await _write_folder(job, procedure, pictures, wanted.markdown, with_video=wanted.with_video)
    except OSError as error:
        raise CommandFailed(
            f"{error.filename or _places(wanted)} cannot be written: {error.strerror}. Choose another place.",
            Exit.USAGE,
        ) from error


def _places(wanted: Wanted) -> str:
    """Return the places that were asked for: a full disk fails a write without the name of its file."""
    asked = (wanted.json, wanted.html, wanted.pdf, wanted.markdown)
    return " or ".join(str(path) for path in asked if path is not None)


async def _pictures(
    job: StoredJob, procedure: Procedure, wanted: Wanted, *, for_files: bool, folder: Path
) -> dict[str, Picture]:
    inner = folder / ("files" if for_files else "page")
    inner.mkdir()
    return await take_job_pictures(job, procedure.moments, wanted.pictures, for_files=for_files, folder=inner)


async def _write_page(
    job: StoredJob, procedure: Procedure, pictures: dict[str, Picture], wanted: Wanted, *, program: str | None
) -> None:
    if wanted.html is not None:
        video = page_video(wanted.html) if wanted.with_video else None
        beside = None if video is None else await _beside(job, video)
        _write(wanted.html, html_page(procedure, pictures, video=beside))
    if wanted.pdf is not None and program is not None:
        await print_to_pdf(program, html_page(procedure, pictures), wanted.pdf)
        to_stderr(f"{wanted.pdf} is written, {_size(wanted.pdf)}.", style="green")


async def _write_folder(
    job: StoredJob, procedure: Procedure, pictures: dict[str, Picture], folder: Path, *, with_video: bool
) -> None:
    await asyncio.to_thread(_fill, folder, picture_files(procedure, pictures))
    video = await _beside(job, folder / VIDEO) if with_video else None
    _write(folder / DOCUMENT, markdown(procedure, pictures, video=video))


async def _beside(job: StoredJob, target: Path) -> str | None:
    """Write the slim video and return its name; None, and a line, where it is not in storage."""
    if await copy_slim(job, target) is None:
        to_stderr("The slim video is not in storage: times are no links.", style="yellow")
        return None
    return target.name


def _fill(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


def _write(path: Path, text: str) -> None:
    path.write_text(text, "utf-8")
    to_stderr(f"{path} is written, {_size(path)}.", style="green")


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1000:.0f} kB"
