"""`run.json`: what a run was made with, and what became of each recording."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from runops.report import ResolvedPrompt

__all__ = ["FILE", "Made", "Outcome", "RunRecord", "RunUnreadable", "read_run", "write_run"]

FILE = "run.json"


class RunUnreadable(Exception):  # noqa: N818 - says what is the case
    """A folder holds no run; the message says why."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Made(_Strict):
    """What all results of a run are made with. What is not known is None.

    Attributes
    ----------
    source
        The folder they come from, or the worker's pipeline.
    commit, program
        The commit, and a hash of the sources.
    models
        Those of transcript and SOP, then fallback models.
    prompts
        Those of transcript and SOP.
    settings
        Other settings, as text.
    """

    source: str
    commit: str | None = None
    program: str | None = None
    models: tuple[str, ...] = ()
    prompts: tuple[ResolvedPrompt, ...] = ()
    settings: dict[str, str] = Field(default_factory=dict)


class Outcome(_Strict):
    """What became of one recording.

    Attributes
    ----------
    state
        `made` now, `reused` from an earlier run, `failed` (scored as an empty result) or `missing` (not scored).
    message
        Why it failed or is missing.
    sha256
        Of the recording it is about, where that is known.
    """

    state: Literal["made", "reused", "failed", "missing"]
    message: str | None = None
    sha256: str | None = None


class RunRecord(_Strict):
    """A run. Its results are beside it: see `results.files`."""

    format: Literal[1] = 1
    made: Made
    recordings: dict[str, Outcome] = Field(default_factory=dict)


def write_run(folder: Path, record: RunRecord) -> None:
    """Write the record of a run; it is there whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f".{FILE}.part"
    part.write_text(record.model_dump_json(indent=1) + "\n", encoding="utf-8")
    part.replace(folder / FILE)


def read_run(folder: Path) -> RunRecord:
    """Read the record of a run.

    Raises
    ------
    RunUnreadable
        There is none, or it is not in its form.
    """
    path = folder / FILE
    try:
        return RunRecord.model_validate(json.loads(path.read_bytes()))
    except OSError as error:
        raise RunUnreadable(
            f"{path} cannot be read: {error.strerror}. `runops evaluate` writes it into the folder of --out."
        ) from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise RunUnreadable(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}.") from error
    except ValueError as error:
        raise RunUnreadable(f"{path} is not JSON: {error}.") from error
