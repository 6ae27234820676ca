"""Shows the progress of many uploads in one display: bars on a terminal, one line for each file elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from runops_cli.terminal.console import STDERR, STDOUT, printable, to_stderr

__all__ = ["ManyUploads", "many_uploads"]

_LONGEST_NAME = 32


class ManyUploads:
    """The display.

    Parameters
    ----------
    files, size
        How many files, and how many bytes in all.
    bars
        Where bars are shown; None where there is no terminal.
    """

    def __init__(self, files: int, size: int, bars: Progress | None) -> None:
        self._files = files
        self._ended = 0
        self._bars = bars
        self._sent: dict[Path, int] = {}
        self._all: TaskID | None = None if bars is None else bars.add_task(self._title(), total=size)

    @contextmanager
    def upload(self, file: Path, size: int) -> Iterator[Callable[[int, int | None], None]]:
        """Show one upload; yield its callback, which takes the bytes sent and the bytes in total."""
        bar = None if self._bars is None else self._bars.add_task(_short(file), total=size)

        def on_progress(sent: int, _total: int | None = None) -> None:
            self._sent[file] = sent
            if self._bars is not None and bar is not None and self._all is not None:
                self._bars.update(bar, completed=sent)
                self._bars.update(self._all, completed=sum(self._sent.values()))

        try:
            yield on_progress
        finally:
            # A file that failed does not hold the others' bar back.
            on_progress(size)
            self._ended += 1
            if self._bars is not None and bar is not None and self._all is not None:
                self._bars.remove_task(bar)
                self._bars.update(self._all, description=self._title())

    def say(self, text: str, *, style: str | None = None) -> None:
        """Show what became of a file, above the bars."""
        to_stderr(f"[{self._ended}/{self._files}] {text}", style=style)

    def _title(self) -> str:
        return f"{self._ended} of {self._files} files"


@contextmanager
def many_uploads(files: int, size: int) -> Iterator[ManyUploads]:
    """Yield a display for so many files of so many bytes in all."""
    if not STDERR.is_terminal:
        yield ManyUploads(files, size, None)
        return
    columns = (TextColumn("{task.description}", markup=False), BarColumn())
    # What is printed meanwhile goes above the bars, but never from a pipe to them.
    with Progress(
        *columns,
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
        console=STDERR,
        redirect_stdout=STDOUT.is_terminal,
    ) as bars:
        yield ManyUploads(files, size, bars)


def _short(file: Path) -> str:
    name = printable(file.name)
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}\N{HORIZONTAL ELLIPSIS}"
