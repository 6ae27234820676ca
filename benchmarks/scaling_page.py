"""Writes the figures of docs/scaling.md from the benchmarks' results: `python -m benchmarks.scaling_page`.

What is measured is read from `results/`. What is computed is computed here from those figures and from the assumptions
below, which the page names as such. A test compares the page with what this program writes.
"""

import json
import math
import sys
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.results_file import FOLDER
from runops.videojob import ModelChoice
from runops_operator.config import OperatorConfig
from runops_worker.cost.video_estimate import priced, video_calls
from runops_worker.task import Prompt, Task

__all__ = ["BEGIN", "END", "PAGE", "figures", "with_figures"]

PAGE = Path(__file__).parents[1] / "docs" / "scaling.md"
BEGIN, END = "<!-- figures of benchmarks/results -->", "<!-- end of the figures -->"

_MINUTES = 5
_WORK_SECONDS = 180
_BYTES_A_MINUTE = 20e6
_PRICES_OF = date(2026, 11, 30)
_LOADS = (1_000, 10_000, 100_000, 1_000_000)
_DAY = 86_400


@dataclass(frozen=True)
class _Video:
    """What a video takes."""

    requests: float
    calls: int
    input_tokens: int
    dollars: float
    row_bytes: float
    videojob_bytes: float


def with_figures(page: str) -> str:
    """Return the page with the figures of now."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{figures()}\n{END}{after}"


def figures() -> str:
    """Return the tables of what was measured and of what is computed from that."""
    video = _video()
    return "\n".join(
        [
            "Measured:",
            "",
            *_table(("what", "figure", "from"), _measured()),
            "",
            f"Computed for videos of {_MINUTES} minutes, see the formulas below:",
            "",
            *_table(("videos a day", *(f"{load:,}" for load in _LOADS)), _computed(video)),
        ]
    )


def _measured() -> list[tuple[str, ...]]:
    many, growth, footprint = _of("many_videojobs"), _of("growth"), _of("footprint")
    shared, claims = _of("shared_table"), _of("claim_latency")
    one = footprint["details"]["runs"][0]
    sharing = shared["details"]["shared"]
    arriving, alone = shared["details"]["arriving"], shared["details"]["alone"]
    start = _figure(growth, "growth: time a row among 10,000") / 1000
    later = sharing["claims_lost"] - sharing["claims_lost_at_start"]
    rows: list[tuple[str, str, str]] = [
        ("VideoJobs at work in one installation", "10,000", "many_videojobs"),
        (
            "the operator's memory with them",
            f"{_figure(many, '10,000 VideoJobs: peak memory'):.0f} MiB",
            "many_videojobs",
        ),
        (
            "rows started in an hour, from queued to a running (simulated) pod, operator and API server on two cores",
            f"{3600 / start:,.0f}",
            "growth",
        ),
        ("requests to the tables for a video: operator", f"{one['operator_requests']:.1f}", "footprint"),
        ("requests to the tables for a video: worker", f"{one['worker_requests']:.1f}", "footprint"),
        ("requests to storage for a video", f"{one['storage_requests']:.1f}", "footprint"),
        ("bytes of these requests and answers, tables", _kilobytes(one["table_bytes"]), "footprint"),
        ("requests to Supabase in a minute without work", f"{one['idle_requests_a_minute']:.0f}", "footprint"),
        ("traffic of a month without work", f"{_figure(claims, 'traffic of an idle month'):.2f} GB", "claim_latency"),
        ("a video in `jobs`, `transcripts` and `sops`, without indexes", _kilobytes(one["row_bytes"]), "footprint"),
        *(
            (
                f"{kind} objects of a video, their JSON",
                f"{count:.1f}, {_kilobytes(one['object_bytes'][kind])}",
                "footprint",
            )
            for kind, count in one["objects"].items()
        ),
        ("rows that three installations shared, one killed (simulated)", f"{sharing['rows']:,}", "shared_table"),
        ("- rows lost, doubled", f"{sharing['lost']}, {sharing['doubled']}", "shared_table"),
        ("- rows done by each", ", ".join(f"{done:,}" for done in sharing["done"].values()), "shared_table"),
        ("- rows of the killed one taken over", f"{sharing['taken_over']:,}", "shared_table"),
        ("- the last of them after", f"{sharing['taken_over_after']:.0f} s, `staleAfterSeconds` 600", "shared_table"),
        ("- longest wait of a row beyond its turn", f"{sharing['longest_wait']:.0f} s", "shared_table"),
        ("- claims lost to another installation, after the start", _share(later, sharing["claims"]), "shared_table"),
        (
            "- the same where rows arrive one by one",
            _share(arriving["claims_lost"], arriving["claims"]),
            "shared_table",
        ),
        (
            "- requests of operators to the table a row; one installation alone",
            f"{sharing['requests_a_row']:.1f}; {alone['requests_a_row']:.1f}",
            "shared_table",
        ),
    ]
    return [(what, figure, f"[{name}](../benchmarks/results/{name}.json)") for what, figure, name in rows]


def _computed(video: _Video) -> list[tuple[str, ...]]:
    ttl = OperatorConfig.model_fields["ttl_seconds_after_finished"].default
    per_second = [load / _DAY for load in _LOADS]
    per_minute = [load / 1440 for load in _LOADS]
    at_work = [load * _WORK_SECONDS for load in per_second]
    kept = [load * ttl / _DAY for load in _LOADS]
    rows: list[tuple[str, Sequence[str]]] = [
        ("rows in an hour", [f"{load / 24:,.0f}" for load in _LOADS]),
        ("VideoJobs at work at once", [f"{max(1, at):,.0f}" for at in at_work]),
        ("ended VideoJobs that a `ttlSecondsAfterFinished` of a week keeps", [f"{one:,.0f}" for one in kept]),
        (
            "- their bytes in etcd",
            [_gigabytes(one * video.videojob_bytes) for one in kept],
        ),
        (
            "largest `ttlSecondsAfterFinished` with 10,000 VideoJobs in one installation",
            [_seconds(max(0.0, 10_000 - at) / load) for at, load in zip(at_work, per_second, strict=True)],
        ),
        ("requests to Supabase in a second", [f"{load * video.requests:,.1f}" for load in per_second]),
        ("calls to Gemini in a minute", [f"{load * video.calls:,.1f}" for load in per_minute]),
        ("input tokens in a minute", [_millions(load * video.input_tokens) for load in per_minute]),
        (f"model on a day, prices of {_PRICES_OF}", [f"${load * video.dollars:,.0f}" for load in _LOADS]),
        ("storage egress on a day", [_gigabytes(load * _MINUTES * _BYTES_A_MINUTE) for load in _LOADS]),
        ("growth of the database on a day, without indexes", [_gigabytes(load * video.row_bytes) for load in _LOADS]),
        ("installations of 10,000 VideoJobs", [f"{math.ceil(at / 10_000)}" for at in at_work]),
    ]
    return [(what, *values) for what, values in rows]


def _video() -> _Video:
    one: dict[str, Any] = _of("footprint")["details"]["runs"][0]
    prompt = Prompt(name="x", text="", sha256="")
    models = ModelChoice()
    task = Task(
        job_id=uuid.UUID(int=0),
        claim="",
        user_id=None,
        source_bucket="videos",
        source_object="raw/x.mp4",
        transcribe_model=models.transcribe,
        sop_model=models.sop,
        transcription_prompt=prompt,
        sop_prompt=prompt,
    )
    calls = video_calls(task, seconds=60.0 * _MINUTES, has_audio=True)
    dollars, _ = priced(calls, on=_PRICES_OF)
    assert dollars is not None
    return _Video(
        requests=one["operator_requests"] + one["worker_requests"] + one["storage_requests"],
        calls=len(calls),
        input_tokens=sum(call.input_tokens for call in calls),
        dollars=float(dollars),
        row_bytes=one["row_bytes"],
        videojob_bytes=one["object_bytes"]["VideoJob"] / one["objects"]["VideoJob"],
    )


def _of(name: str) -> dict[str, Any]:
    kept: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return kept


def _figure(kept: dict[str, Any], what: str) -> float:
    return float(next(one["figure"] for one in kept["results"] if one["what"] == what))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]


def _kilobytes(value: float) -> str:
    return f"{value / 1000:.1f} kB"


def _gigabytes(value: float) -> str:
    return (
        f"{value / 1e12:.1f} TB"
        if value >= 1e12
        else f"{value / 1e9:.2g} GB"
        if value < 1e10
        else f"{value / 1e9:.0f} GB"
    )


def _millions(value: float) -> str:
    return f"{value / 1e6:,.2f} M" if value < 1e7 else f"{value / 1e6:,.0f} M"


def _seconds(value: float) -> str:
    return f"{min(value, 604_800) / 3600:,.1f} h" if value >= 7200 else f"{value / 60:,.0f} min"


def _share(part: float, whole: float) -> str:
    return f"{100 * part / (part + whole):.0f} %"


def main() -> int:
    """Write the page's figures again."""
    PAGE.write_text(with_figures(PAGE.read_text("utf-8")), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
