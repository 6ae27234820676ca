"""Names of files at Gemini. Pure, except for the random part of a new name."""

import hashlib
import secrets
from uuid import UUID

__all__ = ["name_prefix", "new_name"]


def name_prefix(job_id: UUID) -> str:
    """Return what the names of all files of a job begin with. The id of the job cannot be read from it."""
    return f"files/runops-{hashlib.sha256(str(job_id).encode()).hexdigest()[:16]}-"


def new_name(job_id: UUID) -> str:
    """Return a name that was never used: Gemini may refuse one for good, even after its file was deleted.

    Below `files/` it has 40 characters, which is the most that Gemini takes.
    """
    return f"{name_prefix(job_id)}{secrets.token_hex(8)}"
