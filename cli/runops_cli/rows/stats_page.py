"""What happened to the jobs of a time, as a page of text. Pure."""

from collections.abc import Iterator
from datetime import UTC

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from runops.why_waiting.explanation import length
from runops_cli.rows.job_stats import JobStats, remedy_of
from runops_cli.rows.job_table import exact_length

__all__ = ["stats_page"]

_NARROWEST = 20


def stats_page(stats: JobStats, *, queued: int, at_work: int, width: int | None) -> list[Text]:
    """Return the page's lines.

    Parameters
    ----------
    stats
        The jobs that ended.
    queued, at_work
        How many jobs wait and run now.
    width
        Where to cut remedies off; None keeps them whole.
    """
    return [*_counts(stats, queued, at_work), *_times(stats), *_cost(stats), *_failures(stats, width)]


def _counts(stats: JobStats, queued: int, at_work: int) -> Iterator[Text]:
    span = length((stats.until - stats.since).total_seconds())
    yield Text(f"Since {stats.since.astimezone(UTC):%Y-%m-%d %H:%MZ} ({span})", style="bold")
    rate = f"{stats.per_hour:,.1f} an hour" if stats.per_hour >= 1 else f"{stats.per_hour * 24:,.1f} a day"
    lines = [("completed", stats.completed, rate, "green")]
    share = f"{100 * stats.failed / stats.ended:.1f} % of those that ended" if stats.ended else ""
    lines.append(("in error", stats.failed, share, "red" if stats.failed else ""))
    lines += [("cancelled", stats.cancelled, "", "")] if stats.cancelled else []
    lines += [("other status", stats.others, "of the app", "")] if stats.others else []
    for name, count, said, style in lines:
        yield Text(f"  {name:<13}{count:>9,}  {said}".rstrip(), style=style)
    yield Text(f"  {'now':<13}{queued:>9,}  queued, {at_work:,} processing")


def _times(stats: JobStats) -> Iterator[Text]:
    if not stats.times:
        return
    yield Text()
    yield Text(f"{'Times':<27}{'p50':>9}{'p90':>9}  of", style="bold")
    for name, one in stats.times.items():
        jobs = "1 job" if one.count == 1 else f"{one.count:,} jobs"
        yield Text(f"  {name.replace('_', ' '):<25}{exact_length(one.p50):>9}{exact_length(one.p90):>9}  {jobs}")


def _cost(stats: JobStats) -> Iterator[Text]:
    if stats.cost_usd is None:
        return
    yield Text()
    yield Text("Cost", style="bold")
    each = f"{stats.cost_usd / stats.priced:.3f} a job"
    minute = "" if stats.cost_per_minute is None else f", {stats.cost_per_minute:.4f} a minute of recording"
    jobs = "1 job whose cost is" if stats.priced == 1 else f"{stats.priced:,} jobs whose costs are"
    yield Text(f"  {stats.cost_usd:,.2f} USD for {jobs} known")
    yield Text(f"  {each}{minute}")


def _failures(stats: JobStats, width: int | None) -> Iterator[Text]:
    if not stats.failures:
        return
    yield Text()
    yield Text("Failures", style="bold")
    name_width = max(map(len, stats.failures))
    for reason, count in stats.failures.most_common():
        begin = f"  {count:>7,}  {reason:<{name_width}}  "
        remedy = remedy_of(reason)
        left = None if width is None else max(width - len(begin), _NARROWEST)
        if left is not None and cell_len(remedy) > left:
            remedy = set_cell_size(remedy, left - 1) + "\N{HORIZONTAL ELLIPSIS}"
        yield Text(f"{begin}{remedy}".rstrip())
