"""The VideoJob of a claimed row. Pure: a row, its claim and the configuration in, a manifest out."""

from typing import Any
from uuid import UUID

from runops.job_row import Claim, JobRow
from runops.videojob import API_VERSION, KIND, PromptChoice, VideoJobSpec, videojob_name
from runops_operator.config import OperatorConfig
from runops_operator.observed import (
    BY_ANNOTATION,
    CLAIM_ANNOTATION,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    PROMPTS_ANNOTATION,
)

__all__ = ["build_videojob"]


def build_videojob(row: JobRow, claim: Claim, user: UUID | None, config: OperatorConfig) -> dict[str, Any]:
    """Return the manifest of the VideoJob for a row.

    Every setting is written out, so that a later change of the configuration never touches it.

    Parameters
    ----------
    row
        The row, claimed.
    claim
        The claim that the row carries.
    user
        Uploader of the recording, checked.
    config
        Settings of this installation.
    """
    spec = VideoJobSpec(
        job_id=str(row.job_id),
        user_id=str(user) if user else None,
        model=config.models,
        prompts=PromptChoice(transcription=config.prompts.transcription, sop=config.prompts.sop),
        transcode=config.transcode,
        retry_limit=config.retry_limit,
        active_deadline_seconds=config.active_deadline_seconds,
        ttl_seconds_after_finished=config.ttl_seconds_after_finished,
        queue_name=config.queue_name,
    )
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": videojob_name(row.job_id),
            "namespace": config.namespace,
            "labels": {MANAGED_BY_LABEL: MANAGED_BY},
            "annotations": {
                CLAIM_ANNOTATION: claim.token,
                BY_ANNOTATION: claim.by,
                PROMPTS_ANNOTATION: config.prompts.config_map,
            },
        },
        "spec": spec.model_dump(by_alias=True, exclude_none=True),
    }
