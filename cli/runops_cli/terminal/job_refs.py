"""How people name a job: by its id or by the beginning of it. Pure."""

import re
from uuid import UUID

import typer

__all__ = ["JobRef", "parse_job_ref"]

_BEGINNING = re.compile(r"[0-9a-f][0-9a-f-]{3,35}")
_HEX_DIGITS = 32


class JobRef(str):
    """An id, or at least four characters of its beginning, in lower case."""

    __slots__ = ()

    @property
    def whole(self) -> UUID | None:
        """The id; None where this is its beginning."""
        return UUID(self) if len(self.replace("-", "")) == _HEX_DIGITS else None

    def begins(self, job_id: UUID) -> bool:
        """Whether an id begins so."""
        return str(job_id).startswith(self)


def parse_job_ref(text: str | JobRef) -> JobRef:
    """Return what names a job.

    Raises
    ------
    typer.BadParameter
        It is neither an id nor the beginning of one.
    """
    given = text.strip().lower()
    try:
        return JobRef(UUID(given))
    except ValueError:
        pass
    # Only as it is written in an id: hyphens where they belong.
    if not _BEGINNING.fullmatch(given) or not _hyphens_fit(given):
        raise typer.BadParameter(
            f"{text.strip()!r} is no job id and not the beginning of one. Give at least four characters of it, as "
            "`runops list` shows it."
        )
    return JobRef(given)


def _hyphens_fit(text: str) -> bool:
    return all((character == "-") == (place in {8, 13, 18, 23}) for place, character in enumerate(text))
