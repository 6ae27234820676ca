"""Tokens that are sent about a minute of recording, against the request of the old worker about the same recording.

The old worker sent the whole slim video in one request: one picture a second, the API's own resolution, sound and all.
Both are counted by the stand-in for Gemini, by Google's tables. The old request is counted twice: for the family of its
own model (Gemini 2.5, 258 tokens a picture) and for the model that takes requests to that name now (70 a picture).
Answers are not counted, and neither is the SOP: both workers ask for it with text alone. The recordings are the sample,
all of `evaluation/recorded`, and three that are made of the sample.
"""

import asyncio
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
from imageio_ffmpeg import get_ffmpeg_exe

from benchmarks.benchmark import Outcome, Progress
from benchmarks.measurement import Measurement
from devstack.gemini.behaviour import Behaviour
from devstack.gemini.control import GeminiControl
from devstack.sample import RECORDING
from devstack.stack import StackInfo, running_stack
from runops.environment import Environment, read_environment
from runops.picture_resolution import PictureResolution
from runops.supabase.connection import Supabase
from runops.videojob import ModelChoice, PromptChoice, Transcode
from runops_evaluation.gold.read import read_gold
from runops_evaluation.gold.recording import GoldRecording
from runops_evaluation.results.files import read_result, write_result_files
from runops_evaluation.running.settings import PipelineSettings
from runops_evaluation.running.worker_pipeline import WorkerPipeline
from runops_worker.media.limits import Limits
from runops_worker.media.probe.examine import examine
from runops_worker.media.transcode.transcode import transcode
from runops_worker.prompts import load_prompt

__all__ = ["measure"]

_ROOT: Final = Path(__file__).parents[1]
_GOLD: Final = _ROOT / "tests" / "evaluation" / "gold"
_RECORDED: Final = _ROOT / "evaluation" / "recorded"
_TOTAL: Final = "the sample and the recorded ones together"
_SAMPLE: Final = "ledgerline-invoice"
_OLD: Final = {"2.5": "gemini-2.5-flash", "3.8": "gemini-3.8-flash"}
_OLD_PROMPT: Final = "transcription_prompt_v1.md"
_IDLE_SECONDS: Final = 300
_SETTINGS: Final = PipelineSettings(
    models=ModelChoice(),
    transcription_prompt=PromptChoice().transcription,
    sop_prompt=PromptChoice().sop,
    transcode=Transcode(),
)
_WITHOUT_IDLE: Final = replace(_SETTINGS, leave_out_idle=True)
_LOW: Final = replace(_WITHOUT_IDLE, resolution=PictureResolution.LOW)


@dataclass(frozen=True, kw_only=True)
class _Row:
    """Tokens sent about each minute of one recording.

    Attributes
    ----------
    old
        The old worker's request, by family of the model.
    ours, without_idle, low
        Ours as it comes, with `worker.leaveOutIdle`, and with that and `worker.pictureResolution: low`.
    pictures, sound, text
        The parts of ours.
    calls
        Of ours.
    """

    name: str
    seconds: float
    old: dict[str, float]
    ours: float
    without_idle: float
    low: float
    pictures: float
    sound: float
    text: float
    calls: int


def measure(*, runs: int, progress: Progress) -> Outcome:  # noqa: ARG001 - counts are the same in each run
    """Count all recordings and return what is promised."""
    with tempfile.TemporaryDirectory(prefix="runops-bench-") as folder, running_stack(Path(folder) / "stack") as stack:
        with GeminiControl(stack.gemini_url) as control:
            control.behave(Behaviour())
        recorded = [_row(gold, stack, Path(folder), progress) for gold in _recorded()]
        made = [_row(gold, stack, Path(folder), progress) for gold in _made_of_the_sample(Path(folder))]
    rows = [*recorded, _total(recorded), *made]
    return Outcome(list(_promised(rows)), {"recordings": [asdict(row) for row in rows]})


def _total(rows: Sequence[_Row]) -> _Row:
    """Return the row of several recordings: each minute of them counts the same."""
    seconds = sum(row.seconds for row in rows)

    def mean(figure: Callable[[_Row], float]) -> float:
        return sum(figure(row) * row.seconds for row in rows) / seconds

    return _Row(
        name=_TOTAL,
        seconds=seconds,
        old={family: mean(lambda row, family=family: row.old[family]) for family in _OLD},  # type: ignore[misc]
        ours=mean(lambda row: row.ours),
        without_idle=mean(lambda row: row.without_idle),
        low=mean(lambda row: row.low),
        pictures=mean(lambda row: row.pictures),
        sound=mean(lambda row: row.sound),
        text=mean(lambda row: row.text),
        calls=sum(row.calls for row in rows),
    )


def _promised(rows: Iterable[_Row]) -> Iterator[Measurement]:
    for row in rows:
        for family, bound in (("2.5", 1.10), ("3.8", 3.20)):
            yield Measurement(
                what=f"tokens sent a minute, {row.name}",
                unit="tokens",
                figure=row.without_idle,
                limit=row.old[family],
                against=f"the old worker's request, Gemini {family}",
                bound=bound,
            )


def _recorded() -> list[GoldRecording]:
    """Return the sample, and each recording that a script has made."""
    recorded = read_gold(_RECORDED)
    if recorded.faults:
        raise RuntimeError(f"The gold recordings cannot be read: {recorded.faults}")
    return [_sample(), *recorded.recordings]


def _sample() -> GoldRecording:
    found = {gold.name: gold for gold in read_gold(_GOLD).recordings}
    return replace(found[_SAMPLE], recording=RECORDING)


def _made_of_the_sample(folder: Path) -> Iterator[GoldRecording]:
    sample = _sample()
    still = f"tpad=stop_mode=clone:stop_duration={_IDLE_SECONDS}"
    yield _made(
        sample, folder, "the sample and five idle minutes", ["-vf", still, "-af", f"apad=pad_dur={_IDLE_SECONDS}"]
    )
    yield _made(sample, folder, "the sample, silent", ["-af", "volume=0"])
    yield _made(sample, folder, "the sample eight times", [], times=8)


def _made(sample: GoldRecording, folder: Path, name: str, options: list[str], *, times: int = 1) -> GoldRecording:
    path = folder / f"{name}.mp4"
    source = ["-stream_loop", str(times - 1), "-i", str(RECORDING)]
    copied = ["-c", "copy"] if times > 1 else ["-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac"]
    subprocess.run(
        [get_ffmpeg_exe(), "-v", "error", "-y", *source, *options, *copied, str(path)], check=True, timeout=600
    )
    seconds = sample.about.duration * times + (_IDLE_SECONDS if "idle" in name else 0)
    about = sample.about.model_copy(update={"duration": seconds, "sha256": None})
    return replace(sample, name=name, about=about, recording=path)


def _row(gold: GoldRecording, stack: StackInfo, folder: Path, progress: Progress) -> _Row:
    ours, without_idle, low = (
        asyncio.run(_sent(gold, stack, folder, settings)) for settings in (_SETTINGS, _WITHOUT_IDLE, _LOW)
    )
    minutes = gold.about.duration / 60
    old = asyncio.run(_old_requests(gold, stack, folder))
    row = _Row(
        name=gold.name,
        seconds=gold.about.duration,
        old={family: tokens / minutes for family, tokens in old.items()},
        ours=ours.input_tokens / minutes,
        without_idle=without_idle.input_tokens / minutes,
        low=low.input_tokens / minutes,
        pictures=ours.video_tokens / minutes,
        sound=ours.audio_tokens / minutes,
        text=ours.text_tokens / minutes,
        calls=ours.calls,
    )
    progress(
        f"{row.name}: {row.ours:,.0f}, {row.without_idle:,.0f} without idle stretches, "
        f"{row.low:,.0f} at low resolution, old {row.old}"
    )
    return row


async def _sent(gold: GoldRecording, stack: StackInfo, folder: Path, settings: PipelineSettings) -> Any:
    """Return what our worker sends to transcribe a recording."""
    async with Supabase(stack.url, stack.secret_key) as supabase:
        pipeline = WorkerPipeline(
            supabase, _environment(stack), settings, cap_usd=Decimal(1000), owner=None, say=lambda _: None
        )
        contents = await pipeline.make(gold)
    write_result_files(folder / "results", gold.name, contents)
    usage = read_result(folder / "results", gold.name).usage
    assert usage is not None
    assert usage.transcribing is not None
    return usage.transcribing


def _environment(stack: StackInfo) -> Environment:
    return read_environment(environ=stack.environment())


async def _old_requests(gold: GoldRecording, stack: StackInfo, folder: Path) -> dict[str, int]:
    """Return the tokens of the old worker's request about a recording, by the family of the model."""
    assert gold.recording is not None
    limits, slim = Limits(), folder / "slim.mp4"
    await transcode(
        gold.recording,
        slim,
        examined=await examine(gold.recording, limits=limits),
        fps=1,
        height=720,
        crf=32,
        limits=limits,
        on_progress=lambda _: None,
    )
    async with httpx.AsyncClient(
        base_url=f"{stack.gemini_url}", headers={"x-goog-api-key": stack.gemini_api_key}, timeout=600
    ) as http:
        uri = await _uploaded(http, slim)
        body = {
            "contents": [
                {
                    "parts": [
                        {"fileData": {"fileUri": uri, "mimeType": "video/mp4"}},
                        {"text": load_prompt(_OLD_PROMPT).text},
                    ]
                }
            ]
        }
        counted = {}
        for family, model in _OLD.items():
            answer = await http.post(f"/v1beta/models/{model}:countTokens", json=body)
            counted[family] = int(answer.raise_for_status().json()["totalTokens"])
        return counted


async def _uploaded(http: httpx.AsyncClient, path: Path) -> str:
    content = path.read_bytes()  # noqa: ASYNC240 - local disk
    begun = await http.post(
        "/upload/v1beta/files",
        json={"file": {"mime_type": "video/mp4", "size_bytes": len(content)}},
        headers={
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": str(len(content)),
            "X-Goog-Upload-Header-Content-Type": "video/mp4",
        },
    )
    ended = await http.post(
        begun.raise_for_status().headers["X-Goog-Upload-URL"],
        content=content,
        headers={"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0"},
    )
    file = ended.raise_for_status().json()["file"]
    async with asyncio.timeout(120):
        # Another process measures the file.
        while (await http.get(f"/v1beta/{file['name']}")).raise_for_status().json()["state"] != "ACTIVE":  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return str(file["uri"])
