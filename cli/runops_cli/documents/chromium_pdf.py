"""Prints a page to PDF by the Chromium of this machine."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

from runops_cli.terminal.errors import CommandFailed
from runops_cli.terminal.exit_codes import Exit

__all__ = ["chromium", "print_to_pdf"]

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
_SECONDS = 180.0
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
)


def chromium() -> str:
    """Return the path of a Chromium.

    Raises
    ------
    CommandFailed
        There is none.
    """
    found = next((path for name in _NAMES if (path := shutil.which(name)) is not None), None)
    found = found or next((path for path in _APPLICATIONS if os.access(path, os.X_OK)), None)
    if found is None:
        raise CommandFailed(
            "No Chromium or Google Chrome was found on PATH, which prints the PDF. Install one, or write the page with "
            "--html FILE and print it from any browser.",
            Exit.USAGE,
        )
    return found


async def print_to_pdf(program: str, page: str, target: Path) -> None:
    """Print a page, which needs nothing outside of itself.

    Parameters
    ----------
    program
        The Chromium.
    page
        The HTML.
    target
        The file to write.

    Raises
    ------
    CommandFailed
        Chromium failed or hung.
    """
    with tempfile.TemporaryDirectory(prefix="runops-pdf-") as folder:
        source, written = Path(folder) / "page.html", Path(folder) / "page.pdf"
        source.write_text(page, "utf-8")
        # As root, Chromium starts without its sandbox only.
        sandbox = ("--no-sandbox",) if os.geteuid() == 0 else ()
        process = await asyncio.create_subprocess_exec(
            program,
            *(*_FLAGS, *sandbox, f"--user-data-dir={folder}/profile", f"--print-to-pdf={written}", source.as_uri()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(_SECONDS):
                _, errors = await process.communicate()
        except TimeoutError:
            raise CommandFailed(f"{program} did not print the page within {_SECONDS:.0f} s.", Exit.FAILED) from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0 or not written.exists():
            last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
            raise CommandFailed(
                f"{program} did not print the page (exit code {process.returncode}): {last}. Write the page with "
                "--html FILE and print it from any browser.",
                Exit.FAILED,
            )
        await asyncio.to_thread(shutil.copyfile, written, target)
