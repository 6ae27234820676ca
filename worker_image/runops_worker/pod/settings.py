"""The environment of a worker's pod, read once and checked whole."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError

from runops.authorities import BundleUnusable, bundle_hash
from runops.dollars import dollars
from runops.failures import Failed, Reason
from runops.picture_resolution import PictureResolution
from runops.sop_language import language_name
from runops.videojob import ModelChoice
from runops_worker.claimed_storage import UPLOAD_SECONDS
from runops_worker.cost.cap import Cap
from runops_worker.gemini.files import FileDeadlines
from runops_worker.media.limits import Limits
from runops_worker.prompts import load_prompt
from runops_worker.task import Task

__all__ = ["HELP", "Settings", "read_settings"]

T = TypeVar("T")

HELP = """\
runops-worker: turns one recording into a SOP. The operator starts it in a pod; by hand use `runops work`.

It takes no arguments but --help and reads its environment:
  RUNOPS_JOB_ID                 job_id of the row (required)
  RUNOPS_CLAIM                  token under which the row is held (required)
  RUNOPS_POD_UID                uid of the pod, which is bound to the claim; no binding where absent
  RUNOPS_USER_ID                uploader of the recording; absent where the row names no user
  RUNOPS_SOURCE_BUCKET          bucket of the recording (videos)
  RUNOPS_SOURCE_OBJECT          object of the recording (raw/<job id>.mp4)
  RUNOPS_MODEL_TRANSCRIBE       model for the transcript (gemini-3.8-flash)
  RUNOPS_MODEL_SOP              model for the SOP (gemini-3.8-flash)
  RUNOPS_MODEL_FALLBACK         up to 3 models, with commas between them, for where one of these cannot answer (none)
  RUNOPS_PROMPT_TRANSCRIPTION   prompt file (transcription_prompt_v2.md)
  RUNOPS_PROMPT_SOP             prompt file (sop_parser_v0.8.md)
  RUNOPS_PROMPTS_DIR            folder of the prompt files (the built-in ones)
  RUNOPS_PROMPTS_CONFIG_MAP     ConfigMap that this folder shows
  RUNOPS_TRANSCODE_FPS, RUNOPS_TRANSCODE_HEIGHT, RUNOPS_TRANSCODE_CRF   slim video (1, 720, 32)
  RUNOPS_MAX_BYTES, RUNOPS_MAX_DURATION_SECONDS   limits on the recording
  RUNOPS_LEAST_READABLE_PERCENT                   of a recording that is cut off or damaged, so that it is worked on
  RUNOPS_LEAST_READABLE_SECONDS                   the same in seconds
  RUNOPS_MAX_COST_USD           the most that the video may cost at the model, in US dollars (no cap)
  RUNOPS_REQUIRE_PRICES         true: with a cap, refuse models whose price is not known (false: they count as free)
  RUNOPS_REQUIRE_LANDLOCK       true: fail where the kernel cannot confine ffmpeg to its files (false)
  RUNOPS_REDACTION              false: store passwords, keys and card numbers as the recording shows them (true)
  RUNOPS_LEAVE_OUT_IDLE         true: do not send the model stretches in which nothing happens (false)
  RUNOPS_PICTURE_RESOLUTION     high or low: how finely the model sees the pictures (high)
  RUNOPS_SOP_LANGUAGE           language of SOPs, such as German (the one spoken in the recording)
  RUNOPS_PAGE                   true: also write the page of the procedure to sops/<job id>.html (false)
  RUNOPS_UPLOAD_SECONDS         deadline of one upload to storage (1800)
  RUNOPS_GEMINI_FILE_SECONDS    deadline of Gemini's processing of an uploaded video (600)
  RUNOPS_WORKDIR                scratch folder (/work)
  RUNOPS_SECRETS_DIR            folder with the files SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY or SUPABASE_SECRET_KEY,
                                GOOGLE_GEMINI_API_KEY and GOOGLE_GEMINI_BASE_URL; the environment where not set
  RUNOPS_CA_BUNDLE              file of authorities (PEM) that are trusted beside the public ones (none)
  RUNOPS_VIDEOJOB, RUNOPS_NAMESPACE   the VideoJob whose status receives the progress
  RUNOPS_LOG_LEVEL              lowest level of the log (INFO)
  RUNOPS_TERMINATION_LOG        file of the termination message (/dev/termination-log)

It exits with 0, or with the exit code of the failure reason (docs/failures.md).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of a pod.

    Attributes
    ----------
    workdir
        Scratch folder.
    pod_uid
        Of this pod; None outside a cluster.
    upload_seconds
        Deadline of one upload to storage.
    gemini_file_seconds
        Deadline of Gemini's processing of an uploaded video.
    cap
        The most that the video may cost.
    """

    task: Task
    limits: Limits
    workdir: Path
    pod_uid: str | None
    upload_seconds: float
    gemini_file_seconds: float
    cap: Cap


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment.

    Raises
    ------
    Failed
        `Misconfigured` with the name of the setting that is missing or malformed; `PromptMissing`.
    """
    environ = os.environ if environ is None else environ
    try:
        bundle_hash(environ)
    except BundleUnusable as error:
        raise Failed(Reason.MISCONFIGURED, str(error)) from None
    job_id = _needed(environ, "RUNOPS_JOB_ID", UUID, "a UUID")
    prompts = environ.get("RUNOPS_PROMPTS_DIR")
    directory = Path(prompts) if prompts else None
    config_map = environ.get("RUNOPS_PROMPTS_CONFIG_MAP") or None
    defaults = Limits()
    models = _models(environ)
    task = Task(
        job_id=job_id,
        claim=_needed(environ, "RUNOPS_CLAIM", str, "a token"),
        user_id=_optional(environ, "RUNOPS_USER_ID", UUID, None, "a UUID"),
        source_bucket=environ.get("RUNOPS_SOURCE_BUCKET") or "videos",
        source_object=environ.get("RUNOPS_SOURCE_OBJECT") or f"raw/{job_id}.mp4",
        transcribe_model=models.transcribe,
        sop_model=models.sop,
        fallback_models=models.fallback,
        transcription_prompt=load_prompt(
            environ.get("RUNOPS_PROMPT_TRANSCRIPTION") or "transcription_prompt_v2.md", directory, config_map=config_map
        ),
        sop_prompt=load_prompt(
            environ.get("RUNOPS_PROMPT_SOP") or "sop_parser_v0.8.md", directory, config_map=config_map
        ),
        fps=_optional(environ, "RUNOPS_TRANSCODE_FPS", _positive, 1, "a whole number"),
        height=_optional(environ, "RUNOPS_TRANSCODE_HEIGHT", _positive, 720, "a whole number"),
        crf=_optional(environ, "RUNOPS_TRANSCODE_CRF", int, 32, "a whole number"),
        redaction=_optional(environ, "RUNOPS_REDACTION", _boolean, True, "true or false"),
        leave_out_idle=_optional(environ, "RUNOPS_LEAVE_OUT_IDLE", _boolean, False, "true or false"),
        resolution=_optional(
            environ, "RUNOPS_PICTURE_RESOLUTION", PictureResolution, PictureResolution.HIGH, "high or low"
        ),
        sop_language=_optional(environ, "RUNOPS_SOP_LANGUAGE", language_name, None, "the name of a language"),
        page=_optional(environ, "RUNOPS_PAGE", _boolean, False, "true or false"),
    )
    limits = Limits(
        max_bytes=_optional(environ, "RUNOPS_MAX_BYTES", _positive, defaults.max_bytes, "a whole number"),
        max_duration_seconds=_optional(
            environ, "RUNOPS_MAX_DURATION_SECONDS", _positive, defaults.max_duration_seconds, "a whole number"
        ),
        least_readable_percent=_optional(
            environ,
            "RUNOPS_LEAST_READABLE_PERCENT",
            _percent,
            defaults.least_readable_percent,
            "a number from 1 to 100",
        ),
        least_readable_seconds=_optional(
            environ, "RUNOPS_LEAST_READABLE_SECONDS", _positive, defaults.least_readable_seconds, "a whole number"
        ),
        require_landlock=_optional(
            environ, "RUNOPS_REQUIRE_LANDLOCK", _boolean, defaults.require_landlock, "true or false"
        ),
    )
    return Settings(
        task=task,
        limits=limits,
        workdir=Path(environ.get("RUNOPS_WORKDIR") or "/work"),
        pod_uid=environ.get("RUNOPS_POD_UID") or None,
        upload_seconds=_optional(environ, "RUNOPS_UPLOAD_SECONDS", _positive, UPLOAD_SECONDS, "a whole number"),
        gemini_file_seconds=_optional(
            environ, "RUNOPS_GEMINI_FILE_SECONDS", _positive, FileDeadlines().processing_seconds, "a whole number"
        ),
        cap=Cap(
            most_usd=_optional(environ, "RUNOPS_MAX_COST_USD", dollars, None, "an amount in US dollars above 0"),
            require_prices=_optional(environ, "RUNOPS_REQUIRE_PRICES", _boolean, False, "true or false"),
        ),
    )


def _models(environ: Mapping[str, str]) -> ModelChoice:
    """Read the names of the models, by the rules for those of a VideoJob."""
    variables = {
        "transcribe": "RUNOPS_MODEL_TRANSCRIBE",
        "sop": "RUNOPS_MODEL_SOP",
        "fallback": "RUNOPS_MODEL_FALLBACK",
    }
    texts = {field: text for field, name in variables.items() if (text := environ.get(name, "").strip())}
    values: dict[str, Any] = dict(texts)
    if "fallback" in texts:
        values["fallback"] = tuple(name.strip() for name in texts["fallback"].split(","))
    try:
        return ModelChoice.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field, why = str(first["loc"][0]), first["msg"].removeprefix("Value error, ")
        raise Failed(Reason.MISCONFIGURED, f"{variables[field]} holds {texts[field][:60]!r}: {why}.") from None


def _percent(text: str) -> int:
    number = _positive(text)
    if number > 100:
        raise ValueError
    return number


def _positive(text: str) -> int:
    number = int(text)
    if number <= 0:
        raise ValueError
    return number


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def _needed(environ: Mapping[str, str], name: str, read: Callable[[str], T], form: str) -> T:
    value = _optional(environ, name, read, None, form)
    if value is None:
        raise Failed(Reason.MISCONFIGURED, f"{name} is not set. `runops-worker --help` lists all settings.")
    return value


def _optional(environ: Mapping[str, str], name: str, read: Callable[[str], T], default: T, form: str) -> T:
    text = environ.get(name, "").strip()
    if not text:
        return default
    try:
        return read(text)
    except (KeyError, ValueError):
        raise Failed(Reason.MISCONFIGURED, f"{name} holds {text[:60]!r}, which is not {form}.") from None
