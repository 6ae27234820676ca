"""One job as a page of text. Pure."""

import textwrap
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from rich.text import Text

from runops.job_story.story import JobStory
from runops.job_story.timeline import Kind
from runops.logs import redact
from runops.quality import fallback_sentence, gaps_sentence, losses_sentence
from runops.report import StageUsage
from runops.why_waiting import Explanation, State
from runops_cli.rows.job_table import STATUS_STYLES, exact_length, short_length, time_left
from runops_cli.terminal.console import printable

__all__ = ["job_page"]

_LABEL_WIDTH = 12
_HOSTED = ".supabase.co"
_STYLES = {
    State.WAITING: "cyan",
    State.HINDERED: "yellow",
    State.RUNNING: "blue",
    State.COMPLETED: "green",
    State.WITHOUT_SOP: "yellow",
    State.FAILED: "red",
    State.CANCELLED: "yellow",
    State.NOT_OURS: "yellow",
}


def job_page(story: JobStory, told: Explanation, *, project_url: str, width: int | None = None) -> list[Text]:
    """Return the page's lines.

    Parameters
    ----------
    story
        The job.
    told
        What it waits for, or what else it does.
    project_url
        The project's address.
    width
        Where sentences break; None keeps them in one line.
    """
    return [
        *_head(story, told, width),
        *_times(story),
        *_facts(story),
        *_results(story, project_url),
        *_next(story, told),
    ]


def _head(story: JobStory, told: Explanation, width: int | None) -> Iterator[Text]:
    row = story.job.row
    if story.job.title:
        yield Text(_clean(story.job.title), style="bold")
    line = Text(f"{row.job_id}  ")
    line.append(_clean(row.status or "without a status"), style=STATUS_STYLES.get(row.status or "", ""))
    yield line
    yield Text()
    said = _clean(told.in_words(story.now))
    for part in [said] if width is None else textwrap.wrap(said, width, break_on_hyphens=False):
        yield Text(part, style=_STYLES[told.state])


def _times(story: JobStory) -> Iterator[Text]:
    moments = story.timeline
    if not moments:
        return
    yield from _heading("Timeline")
    width = max(len(one.what) for one in moments)
    day = ""
    for one in moments:
        at = one.at.astimezone(UTC)
        date = f"{at:%Y-%m-%d}"
        took = "" if one.seconds is None else f"  {exact_length(one.seconds)}"
        # Why the job failed is in the first lines.
        detail = f"  {one.detail}" if one.detail and one.kind is not Kind.BAD else ""
        shown_date = date if date != day else " " * len(date)
        yield Text(_clean(f"  {shown_date} {at:%H:%M:%SZ}  {one.what:<{width}}{took}{detail}").rstrip())
        day = date
    if (ends := story.job.ends) is not None and (left := time_left(ends, story.now)):
        yield Text(f"  {' ' * 10} {ends.likely.astimezone(UTC):%H:%M:%SZ}  is expected to end, in {left}")


def _facts(story: JobStory) -> Iterator[Text]:
    facts = [(label, text) for label, text in _labelled(story) if text]
    if not facts:
        return
    yield from _heading("Details")
    for label, text in facts:
        yield Text(_clean(f"  {label:<{_LABEL_WIDTH}}{text}"))


def _labelled(story: JobStory) -> Iterator[tuple[str, str]]:
    job, row = story.job, story.job.row
    yield "position", "" if job.position is None else f"{job.position} in the queue"
    yield "user", row.user_id or "none: every user who is signed in sees the SOP"
    yield "attempts", _attempts(story)
    yield "recording", _recording(story)
    yield "models", ", ".join(job.models)
    yield from _cost(story)
    videojob = job.videojob
    if videojob is not None:
        quality = videojob.status.quality
        for sentence in (losses_sentence(quality), gaps_sentence(quality), fallback_sentence(quality)):
            yield "quality", sentence
        pod = videojob.status.worker_pod
        yield "pod", "" if pod is None else pod.name + (f" on {pod.node}" if pod.node else "")
    silent = row.updated_at
    yield "last write", "" if silent is None or row.ended else _ago(silent, story.now)


def _attempts(story: JobStory) -> str:
    attempts = story.attempts
    if attempts is None:
        return ""
    waits = ", ".join(f"{count} for {kind}" for kind, count in attempts.waits)
    waited = f"; interruptions that used up none: {waits}" if waits else ""
    before = "" if attempts.before is None else f"; the one before ended with {attempts.before}"
    return f"{attempts.number}{waited}{before}"


def _recording(story: JobStory) -> str:
    length = "" if story.length is None else exact_length(story.length)
    raw = story.results.recording
    size = "" if raw is None or raw.size is None else _size(raw.size)
    gone = "no longer in storage" if raw is not None and raw.size is None else ""
    return ", ".join(filter(None, (length, size, gone)))


def _cost(story: JobStory) -> Iterator[tuple[str, str]]:
    videojob = story.job.videojob
    usage = None if videojob is None else videojob.status.usage
    if usage is None:
        yield "cost", story.bill
        return
    parts = [
        _part(name, stage) for name, stage in (("transcript", usage.transcribing), ("SOP", usage.parsing_sop)) if stage
    ]
    estimated = f", estimated {usage.estimated_cost_usd} USD" if usage.estimated_cost_usd else ""
    yield "cost", f"{story.bill}{estimated}" if story.bill else ""
    yield "", "; ".join(parts)
    if len(attempts := story.cost_by_attempt) > 1:
        yield "", "by attempt: " + ", ".join(f"{one.usd or '?'} USD" for one in attempts)


def _part(name: str, stage: StageUsage) -> str:
    cost = f"{stage.cost_usd} USD" if stage.cost_usd else "no known price"
    return f"{name} {cost}, {stage.calls} {'call' if stage.calls == 1 else 'calls'}"


def _results(story: JobStory, project_url: str) -> Iterator[Text]:
    results = story.results
    made = results.made
    if not made and not results.transcripts and not results.sops and not results.troubles:
        return
    yield from _heading("Where it is")
    for one in made:
        yield Text(_clean(f"  {one.name:<{_LABEL_WIDTH}}{one.location}  {_size(one.size or 0)}"))
    job_id = story.job.row.job_id
    for name, count in (("transcripts", results.transcripts), ("sops", results.sops)):
        if count:
            more = "" if count == 1 else f"  {count} rows"
            yield Text(f"  {'table':<{_LABEL_WIDTH}}{name}, job_id {job_id}{more}")
    host = urlsplit(project_url).hostname or ""
    if host.endswith(_HOSTED):
        project = host.removesuffix(_HOSTED)
        yield Text(f"  {'dashboard':<{_LABEL_WIDTH}}https://supabase.com/dashboard/project/{project}/editor")
    for trouble in results.troubles:
        yield Text(_clean(f"  {trouble}"), style="yellow")


def _next(story: JobStory, told: Explanation) -> Iterator[Text]:
    commands = list(_commands(story, told))
    yield from _heading("Next")
    width = max(len(command) for command, _ in commands)
    for command, does in commands:
        yield Text(f"  {command:<{width}}  {does}")


def _commands(story: JobStory, told: Explanation) -> Iterator[tuple[str, str]]:
    name = str(story.job.row.job_id)[:8]
    match told.state:
        case State.COMPLETED:
            yield f"runops sop {name}", "prints its SOP"
            yield f"runops retry {name}", "runs it again"
        case State.WITHOUT_SOP:
            yield story.results.way_to_sop(name)
        case State.FAILED | State.CANCELLED:
            yield f"runops retry {name}", "runs it again"
        case State.NOT_OURS:
            yield "runops list", "shows the others"
        case _:
            yield f"runops watch {name}", "follows it"
            yield f"runops cancel {name}", "ends it"
    if story.job.videojob is not None:
        yield f"runops logs {name}", "prints the log of its worker"
        yield f"kubectl describe videojob {story.job.videojob.name}", "shows its conditions and events"


def _heading(text: str) -> Iterator[Text]:
    yield Text()
    yield Text(text, style="bold")


def _size(size: int) -> str:
    return f"{size / 1e6:.1f} MB" if size >= 1e5 else f"{size / 1e3:.1f} kB"


def _ago(written: str, now: datetime) -> str:
    try:
        return f"{short_length((now - datetime.fromisoformat(written)).total_seconds())} ago"
    except (ValueError, TypeError):
        return ""


def _clean(text: str) -> str:
    """Return the text without keys, control characters and line breaks; several blanks stay, since they align."""
    return printable(redact(text)).replace("\n", " ").replace("\t", " ")
