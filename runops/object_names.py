"""The names of a job's objects in its bucket."""

from uuid import UUID

__all__ = [
    "answers_folder",
    "answers_object",
    "checkpoint_object",
    "evidence_object",
    "made_objects",
    "merged_sop_object",
    "page_object",
    "slim_object",
    "sop_object",
    "transcript_object",
]


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
    """Return where the SOP is put as it was generated last."""
    return f"sops/{job_id}.json"


def evidence_object(job_id: UUID) -> str:
    """Return where the worker puts what each step of the SOP rests on."""
    return f"sops/{job_id}.evidence.json"


def merged_sop_object(job_id: UUID) -> str:
    """Return where the generated SOP is kept on which the one in the table rests.

    It is there once a job has been run again. Until then that is the only one, at `sop_object`.
    """
    return f"sops/{job_id}.merged.json"


def answers_object(job_id: UUID) -> str:
    """Return where earlier versions put all answers that people gave to questions of the SOP."""
    return f"sops/{job_id}.answers.json"


def answers_folder(job_id: UUID) -> str:
    """Return the folder of the answers to questions of the SOP: one object for each time that somebody answered."""
    return f"sops/{job_id}.answers"


def page_object(job_id: UUID) -> str:
    """Return where the page of the procedure is put, if the installation wants one."""
    return f"sops/{job_id}.html"


def made_objects(job_id: UUID) -> list[str]:
    """Return the objects that are made for a job, but those in `answers_folder`; the recording belongs to its owner."""
    return [
        slim_object(job_id),
        transcript_object(job_id),
        checkpoint_object(job_id),
        sop_object(job_id),
        evidence_object(job_id),
        merged_sop_object(job_id),
        answers_object(job_id),
        page_object(job_id),
    ]
