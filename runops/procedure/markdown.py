"""A procedure as Markdown with picture files beside it, for a wiki or a repository. Pure.

It keeps to CommonMark, with a Mermaid chart that GitHub and GitLab draw. Whatever a recording shows or says is escaped,
and what was typed is code, in which nothing is formatted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from runops.procedure import wording
from runops.procedure.model import Procedure, ShownStep, Way
from runops.procedure.picture import Picture
from runops.procedure.shown_ways import shown_ways

__all__ = ["DOCUMENT", "markdown", "picture_files"]

DOCUMENT: Final = "README.md"
"""Name of the text in its folder: hosts show it with the folder."""
_SPECIAL: Final = re.compile(r"[\\`*_\[\]<>~|&$#{}]|(?<=\w):(?=//)|(?<=www)\.")
_LINE_START: Final = re.compile(r"^(\d{1,9})([.)])(?=\s|$)|^([-+=])")
_SUFFIXES: Final = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp"}
_CONDITIONS: Final = {"next": "", "each": "each time", "all_processed": "all done", "yes": "yes", "no": "no"}
_SHAPES: Final = {
    "trigger": ("([", "])"),
    "end": ("([", "])"),
    "decision": ("{{", "}}"),
    "loop": ("[[", "]]"),
    "task": ("[", "]"),
}


def picture_files(procedure: Procedure, pictures: Mapping[str, Picture]) -> dict[str, bytes]:
    """Return the files beside the text, by their paths in the folder."""
    return {
        _path(step, pictures[step.moment.key]): pictures[step.moment.key].data
        for step in procedure.steps
        if _is_shown(step, pictures) and step.moment is not None
    }


def markdown(procedure: Procedure, pictures: Mapping[str, Picture] | None = None, *, video: str | None = None) -> str:
    """Return the text.

    Parameters
    ----------
    procedure
        What is written.
    pictures
        By the keys of `Procedure.moments`, with their marks drawn into them; `picture_files` are their files.
    video
        Path of the recording in the folder; times are links into it. None for times without links.
    """
    return "\n".join(_lines(procedure, pictures or {}, video)) + "\n"


def _lines(procedure: Procedure, pictures: Mapping[str, Picture], video: str | None) -> Iterator[str]:
    yield from (f"# {_escaped(procedure.title)}", "")
    if procedure.goal:
        yield from (_escaped(procedure.goal), "")
    facts = {
        "Why": procedure.purpose,
        "Owner": ", ".join(procedure.owner),
        "Version": procedure.version,
        "Created": procedure.created,
        "Job": procedure.job_id,
    }
    yield from (f"- **{name}:** {_escaped(value)}" for name, value in facts.items() if value)
    yield ""
    for note in procedure.notes:
        yield from (f"> {_escaped(note)}", "")
    for gap in procedure.gaps:
        start, end = wording.clock(gap.start), wording.clock(gap.end)
        yield from (f"> The recording was not transcribed from {start} to {end}: {gap.why}.", "")
    if procedure.triggers:
        yield from ("## When", "")
        for trigger in procedure.triggers:
            detail = f" {_code(trigger.detail)}" if trigger.detail else ""
            yield f"- {_escaped(trigger.description)} ({_escaped(trigger.kind)}){detail}"
        yield ""
    if procedure.steps:
        yield from ("## Flow chart", "", "```mermaid", "flowchart TD")
        yield from _chart(procedure)
        yield from ("```", "", "## Steps", "")
    for step in procedure.steps:
        yield from _step(step, pictures, video)
    if procedure.questions:
        yield from ("## Open questions", "")
        yield from (f"- **{question.importance}:** {_escaped(question.text)}" for question in procedure.questions)
        yield ""
    if procedure.variables:
        yield from ("## Variables", "", "| Name | Value |", "| --- | --- |")
        yield from (f"| {_cell(name)} | {_cell(value) or 'to be filled in'} |" for name, value in procedure.variables)
        yield ""


def _step(step: ShownStep, pictures: Mapping[str, Picture], video: str | None) -> Iterator[str]:
    yield from (f'<a id="{step.anchor}"></a>', "", f"### {step.number}. {_escaped(step.label)}", "")
    place = f" in [repeat {step.loops[-1]}](#step-{step.loops[-1]})" if step.loops else ""
    time = "" if step.moment is None else f", {_time(step.moment.at, video)}"
    yield from (f"*{wording.KINDS[step.kind]}{place}{time}*", "")
    for name, text in (("For each", step.iterator), ("Until", step.exit_condition)):
        if text:
            yield from (f"{name}: {_escaped(text)}", "")
    for text in (step.intent, step.context):
        if text:
            yield from (_escaped(text), "")
    for one in step.observed:
        value = f" {_code(one.value)}" if one.value else ""
        element = f"{' in' if value else ''} {_quoted(one.element)}" if one.element else ""
        result = f": {_escaped(one.result)}" if one.result and not value and not element else ""
        yield f"- {_time(one.at, video)} {wording.action(one)}{value}{element}{result}"
    if step.observed:
        yield ""
    for sentence in step.said:
        yield from (f"> {_escaped(sentence.text)} ({_time(sentence.at, video)})", "")
    if step.missing:
        yield from (f"**Missing:** {step.missing}", "")
    yield from _picture(step, pictures)
    ways = [f"[{wording.way(step, one)}](#step-{one.number})" for one in shown_ways(step)]
    if ways:
        yield from (" · ".join(ways), "")


def _picture(step: ShownStep, pictures: Mapping[str, Picture]) -> Iterator[str]:
    if step.moment is None:
        return
    if step.moment.hidden:
        yield from (f"**Missing:** {step.moment.hidden}", "")
    elif not _is_shown(step, pictures):
        yield from (f"**Missing:** {step.moment.without_picture}", "")
    else:
        picture = pictures[step.moment.key]
        yield from (f"![The screen at {wording.clock(picture.at)}]({_path(step, picture)})", "")
        yield from (f"*What may show a {kind} is covered in the picture.*\n" for kind in step.moment.covered_kinds)


def _is_shown(step: ShownStep, pictures: Mapping[str, Picture]) -> bool:
    return step.moment is not None and not step.moment.hidden and step.moment.key in pictures


def _path(step: ShownStep, picture: Picture) -> str:
    return f"pictures/step-{step.number:02d}{_SUFFIXES[picture.media_type]}"


def _time(at: float, video: str | None) -> str:
    return wording.clock(at) if video is None else f"[{wording.clock(at)}]({video}#t={at:g})"


def _chart(procedure: Procedure) -> Iterator[str]:
    for step in procedure.steps:
        left, right = _SHAPES[step.kind]
        yield f'  n{step.number}{left}"{step.number}. {_chart_text(step.label)}"{right}'
    loops = sorted({loop for step in procedure.steps for loop in step.loops})
    # An inner loop comes before the outer one: a node belongs to the first frame that names it.
    for loop in reversed(loops):
        members = [step.number for step in procedure.steps if step.loops and step.loops[-1] == loop]
        inner = [other for other in loops if other in members]
        yield f'  subgraph frame{loop}["repeat {loop}"]'
        yield from (f"    n{number}" for number in members)
        yield from (f"    frame{other}" for other in inner)
        yield "  end"
    for step in procedure.steps:
        yield from (f"  n{step.number} {_arrow(way)} n{way.number}" for way in step.ways)


def _arrow(way: Way) -> str:
    word = _CONDITIONS[way.condition]
    return f"-->|{word}|" if word else "-->"


def _chart_text(text: str) -> str:
    """Return a label for Mermaid, which reads some letters as its own and shows numbers of letters as these."""
    shown = text.replace("\n", " ")
    shown = shown if len(shown) <= 80 else f"{shown[:79]}\u2026"
    return "".join(char if char.isalnum() or char in " .,?!" or ord(char) > 127 else f"#{ord(char)};" for char in shown)


def _escaped(text: str) -> str:
    """Return a text in one line in which nothing is formatting."""
    one_line = " ".join(text.split())
    escaped = _SPECIAL.sub(lambda match: f"\\{match[0]}", one_line)
    return _LINE_START.sub(lambda match: f"{match[1]}\\{match[2]}" if match[1] else f"\\{match[3]}", escaped)


def _quoted(text: str) -> str:
    return f"\u201c{_escaped(text)}\u201d"


def _cell(text: str) -> str:
    return _escaped(text)


def _code(text: str) -> str:
    """Return a text as code, with a fence that is longer than any row of backticks in it."""
    one_line = " ".join(text.split())
    fence = "`" * (max(map(len, re.findall("`+", one_line)), default=0) + 1)
    space = " " if one_line.startswith("`") or one_line.endswith("`") else ""
    return f"{fence}{space}{one_line}{space}{fence}"
