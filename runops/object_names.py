"""The names of a job's objects in its bucket."""

from uuid import UUID

__all__ = ["checkpoint_object", "evidence_object", "made_objects", "slim_object", "sop_object", "transcript_object"]


def slim_object(job_id: UUID) -> str:
    """Return where the slim video is put."""
    return f"slim/{job_id}.mp4"


def transcript_object(job_id: UUID) -> str:
    """Return where the transcript is put."""
    return f"transcripts/{job_id}.json"


def checkpoint_object(job_id: UUID) -> str:
    """Return where the worker keeps its checkpoint."""
    return f"transcripts/{job_id}.checkpoint.json"


def sop_object(job_id: UUID) -> str:
    """Return where the SOP is put."""
    return f"sops/{job_id}.json"


def evidence_object(job_id: UUID) -> str:
    """Return where the worker puts what each step of the SOP rests on."""
    return f"sops/{job_id}.evidence.json"


def made_objects(job_id: UUID) -> list[str]:
    """Return all objects that a worker makes for a job; the recording belongs to its owner."""
    return [
        slim_object(job_id),
        transcript_object(job_id),
        checkpoint_object(job_id),
        sop_object(job_id),
        evidence_object(job_id),
    ]
