"""The summary that is printed for a completed video. Pure."""

from typing import Any

from runops.quality import edits_sentence, fallback_sentence, gaps_sentence, losses_sentence
from runops.report import Output, Report

__all__ = ["summary"]

_STEPS_SHOWN = 3


def summary(report: Report, sop: dict[str, Any] | None) -> list[str]:
    """Return the lines: the SOP's title and first steps, where the outputs are, and the tokens used.

    Parameters
    ----------
    report
        Of the worker.
    sop
        As in the table; None where it could not be read.
    """
    lines = [] if sop is None else _sop_lines(sop)
    lines += [_where(output) for output in report.outputs]
    quality = report.quality
    lines += [
        say
        for say in (
            losses_sentence(quality),
            gaps_sentence(quality),
            fallback_sentence(quality),
            edits_sentence(quality),
        )
        if say
    ]
    usage = report.usage
    if usage is not None and usage.bill:
        lines.append(f"model: {usage.bill}")
    return lines


def _where(output: Output) -> str:
    return f"{output.name}: {output.location if output.problem is None else f'missing. {output.problem}'}"


def _sop_lines(sop: dict[str, Any]) -> list[str]:
    steps = [node.get("label") for node in sop.get("public", {}).get("nodes", []) if node.get("type") == "task"]
    lines = [f"SOP: {sop.get('meta', {}).get('title')}", *(f"  - {step}" for step in steps[:_STEPS_SHOWN])]
    if len(steps) > _STEPS_SHOWN:
        lines.append(f"  - ... and {len(steps) - _STEPS_SHOWN} more")
    return lines
