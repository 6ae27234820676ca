"""What a person reads about a video that is completed. Pure."""

from typing import Any

from runops.report import Report

__all__ = ["summary"]

_STEPS_SHOWN = 3


def summary(report: Report, sop: dict[str, Any] | None) -> list[str]:
    """Return what a person is told of a video that is done: the SOP's first lines and where everything lies."""
    lines: list[str] = []
    if sop is not None:
        labels = [node.get("label") for node in sop.get("public", {}).get("nodes", []) if node.get("type") == "task"]
        lines += [f"SOP: {sop.get('meta', {}).get('title')}"]
        lines += [f"  - {label}" for label in labels[:_STEPS_SHOWN]]
        if len(labels) > _STEPS_SHOWN:
            lines.append(f"  - ... and {len(labels) - _STEPS_SHOWN} more")
    for output in report.outputs:
        lines.append(f"{output.name}: {output.location}")
    usage = report.usage
    if usage is not None and usage.total_tokens:
        cost = f", about {usage.cost_usd} USD" if usage.cost_usd else ""
        lines.append(f"model: {usage.total_tokens} tokens{cost}")
    return lines
