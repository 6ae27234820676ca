"""The VideoJob of a claimed row. Pure: a row, its claim and the configuration in, a manifest out."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from runops.job_row import Claim, JobRow, Lane, begins_with_sop, metadata_to_claim
from runops.videojob import API_VERSION, KIND, PromptChoice, VideoJobSpec, videojob_name
from runops_operator.config import OperatorConfig
from runops_operator.manifests.labels import (
    BY_ANNOTATION,
    CLAIM_ANNOTATION,
    LANE_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    ONLY_SOP_ANNOTATION,
    PROMPTS_ANNOTATION,
    QUEUED_AT_ANNOTATION,
    SOURCE_BYTES_ANNOTATION,
)

__all__ = ["Arrival", "build_videojob"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What was known of a row's recording before its claim; nothing, where an earlier process claimed the row.

    Attributes
    ----------
    queued_at
        When the row was queued.
    source_bytes
        Size of the recording.
    """

    queued_at: str | None = None
    source_bytes: int | None = None


def build_videojob(
    row: JobRow, claim: Claim, user: UUID | None, config: OperatorConfig, *, arrival: Arrival | None = None
) -> dict[str, Any]:
    """Return the manifest of the VideoJob for a row.

    Every setting is written out, so a later change of the configuration does not affect it.

    Parameters
    ----------
    row
        The claimed row.
    claim
        Its claim.
    user
        Uploader of the recording, validated.
    config
        Settings of this installation.
    arrival
        What was known before the claim.
    """
    arrival = arrival or Arrival()
    known = {
        QUEUED_AT_ANNOTATION: arrival.queued_at or row.created_at,
        SOURCE_BYTES_ANNOTATION: None if arrival.source_bytes is None else str(arrival.source_bytes),
        ONLY_SOP_ANNOTATION: "true" if begins_with_sop(metadata_to_claim(row)) else None,
    }
    lane = {} if row.lane is Lane.FRESH else {LANE_LABEL: row.lane.value}
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
            "labels": {**config.common_labels, MANAGED_BY_LABEL: MANAGED_BY, **lane},
            "annotations": {
                **config.common_annotations,
                CLAIM_ANNOTATION: claim.token,
                BY_ANNOTATION: claim.by,
                PROMPTS_ANNOTATION: config.prompts.config_map,
                **{name: value for name, value in known.items() if value is not None},
            },
        },
        "spec": spec.model_dump(by_alias=True, exclude_none=True),
    }
