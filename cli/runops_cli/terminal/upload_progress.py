"""Shows the progress of an upload: a bar on a terminal, one line per quarter elsewhere."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from runops_cli.terminal.console import STDERR, printable, to_stderr

__all__ = ["upload_progress"]

_MIB = 1024**2


@contextmanager
def upload_progress(file: Path) -> Iterator[Callable[[int, int | None], None]]:
    """Yield the callback of an upload; it takes the bytes sent and the bytes in total."""
    size = file.stat().st_size
    name = printable(file.name)
    if not STDERR.is_terminal:
        to_stderr(f"uploading {name}, {size / _MIB:.1f} MiB")
        yield _quarters(size)
        to_stderr("uploaded")
        return
    columns = (TextColumn("uploading {task.description}", markup=False), BarColumn())
    with Progress(*columns, DownloadColumn(binary_units=True), TimeRemainingColumn(), console=STDERR) as bar:
        task = bar.add_task(name, total=size)

        def on_progress(sent: int, _total: int | None = None) -> None:
            bar.update(task, completed=sent)

        yield on_progress


def _quarters(size: int) -> Callable[[int, int | None], None]:
    printed = 0

    def on_progress(sent: int, _total: int | None = None) -> None:
        nonlocal printed
        quarter = min(3, 4 * sent // size)
        if quarter > printed:
            printed = quarter
            to_stderr(f"  {25 * quarter} %")

    return on_progress
