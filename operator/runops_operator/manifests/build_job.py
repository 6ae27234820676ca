"""The Kubernetes Job of one VideoJob. Pure: a view and the configuration in, a manifest out."""

import re
from typing import Any

from runops.picture_resolution import PictureResolution
from runops.videojob import API_VERSION, JOB_ID_LABEL, KIND, VideoJobSpec
from runops_operator.config import CaBundle, OperatorConfig
from runops_operator.manifests.labels import (
    CLAIM_ANNOTATION,
    KUEUE_QUEUE_LABEL,
    MANAGED_BY,
    MANAGED_BY_LABEL,
    VIDEOJOB_LABEL,
)
from runops_operator.manifests.observed import VideoJobView

__all__ = ["NON_ROOT_UID", "build_job"]

NON_ROOT_UID = 65532
"""The uid that the image is built for."""
_OUR_USER = {"runAsUser": NON_ROOT_UID, "runAsGroup": NON_ROOT_UID, "fsGroup": NON_ROOT_UID}

_SECRETS = "/etc/runops/secrets"
_PROMPTS = "/etc/runops/prompts"
_TOKEN = "/var/run/secrets/runops"  # noqa: S105 - a folder
_CA = "/etc/runops/ca"
_CA_FILE = "ca.crt"
_WORKDIR = "/work"

_LONGEST_START_SECONDS = 7 * 86_400
_JOB_STAYS_SECONDS = 86_400
_QUANTITY = re.compile(r"([0-9.]+)([A-Za-z]*)")
_UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40}
_DISK = "ephemeral-storage"
_DISK_BESIDE_THE_RECORDING_MIB = 512
"""The slim video, its chunks and the transcript."""


def build_job(
    videojob: VideoJobView, spec: VideoJobSpec, claim: str, config: OperatorConfig, *, more_memory: bool = False
) -> dict[str, Any]:
    """Return the manifest of the Job for one attempt at a VideoJob.

    The Job has the VideoJob's name, so creating it twice is a conflict and never starts a second worker. It carries the
    attempt's token, by which a Job of an earlier attempt is recognised. It creates one pod: the operator decides about
    another attempt, which has its own Job and token.

    Parameters
    ----------
    videojob
        The owner; the garbage collector deletes the Job with it.
    spec
        Its spec.
    claim
        Token under which the worker may write to the row.
    config
        How this installation runs workers.
    more_memory
        Whether the worker gets twice the memory, after an attempt that ran out of it.
    """
    labels = {
        MANAGED_BY_LABEL: MANAGED_BY,
        "app.kubernetes.io/name": "runops-worker",
        VIDEOJOB_LABEL: videojob.name,
        JOB_ID_LABEL: spec.job_id,
    }
    queue = spec.queue_name or config.queue_name
    worker = config.worker
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": videojob.name,
            "namespace": config.namespace,
            "labels": {
                **config.common_labels,
                **worker.job_labels,
                **labels,
                **({KUEUE_QUEUE_LABEL: queue} if queue else {}),
            },
            "annotations": {**config.common_annotations, **worker.job_annotations, CLAIM_ANNOTATION: claim},
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": KIND,
                    "name": videojob.name,
                    "uid": videojob.uid,
                    "controller": True,
                    "blockOwnerDeletion": False,
                }
            ],
        },
        "spec": {
            "parallelism": 1,
            "completions": 1,
            "backoffLimit": 0,
            # The Job is deleted with its VideoJob. Earlier, an operator that was down would not learn how it ended.
            "ttlSecondsAfterFinished": max(spec.ttl_seconds_after_finished, _JOB_STAYS_SECONDS),
            "suspend": spec.suspend,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": {
                # Both fail the Job, as `backoffLimit` would. They add the cause to the Job's condition, which stays
                # when the pod is gone. `why_ended` reads it.
                "rules": [
                    {"action": "FailJob", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                    {
                        "action": "FailJob",
                        "onExitCodes": {"containerName": "worker", "operator": "NotIn", "values": [0]},
                    },
                ]
            },
            "template": {
                "metadata": {
                    "labels": {**config.common_labels, **worker.labels, **labels},
                    "annotations": {**config.common_annotations, **worker.annotations},
                },
                "spec": _pod(videojob, spec, claim, config, more_memory=more_memory),
            },
        },
    }


def _pod(
    videojob: VideoJobView, spec: VideoJobSpec, claim: str, config: OperatorConfig, *, more_memory: bool
) -> dict[str, Any]:
    worker = config.worker
    placement = spec.worker
    tolerations = (*worker.tolerations, *(placement.tolerations or () if placement else ()))
    selector = {**worker.node_selector, **((placement.node_selector if placement else None) or {})}
    priority = (placement.priority_class_name if placement else None) or worker.priority_class_name
    pod: dict[str, Any] = {
        "restartPolicy": "Never",
        # The operator ends a worker that runs for too long. This ends its pod where the operator is gone. It counts
        # the time in which the image is pulled, too, so it leaves a week for that.
        "activeDeadlineSeconds": spec.active_deadline_seconds + _LONGEST_START_SECONDS,
        "serviceAccountName": worker.service_account_name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": worker.termination_grace_period_seconds,
        "securityContext": {
            "runAsNonRoot": True,
            **({} if worker.platform_chooses_user else _OUR_USER),
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(videojob, spec, claim, config, more_memory=more_memory)],
        "volumes": [
            {"name": "work", **_scratch(config)},
            {"name": "secrets", "secret": {"secretName": worker.secret_name, "defaultMode": 0o440}},
            # Optional: where it is gone, the worker starts and says so. Its pod would wait for it for a day.
            {"name": "prompts", "configMap": {"name": _prompts(videojob, config), "optional": True}},
            {
                "name": "token",
                "projected": {
                    "defaultMode": 0o440,
                    "sources": [
                        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3600}},
                        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
                    ],
                },
            },
            *((_ca_volume(worker.ca_bundle),) if worker.ca_bundle else ()),
            *worker.extra_volumes,
        ],
    }
    if worker.host_users is not None:
        pod["hostUsers"] = worker.host_users
    if worker.affinity:
        pod["affinity"] = worker.affinity
    if worker.topology_spread_constraints:
        pod["topologySpreadConstraints"] = [_spread(item) for item in worker.topology_spread_constraints]
    if worker.image_pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in worker.image_pull_secrets]
    if selector:
        pod["nodeSelector"] = selector
    if tolerations:
        pod["tolerations"] = [item.model_dump(by_alias=True, exclude_none=True) for item in tolerations]
    if priority:
        pod["priorityClassName"] = priority
    return pod


def _scratch(config: OperatorConfig) -> dict[str, Any]:
    worker = config.worker
    if worker.scratch.type == "emptyDir":
        return {"emptyDir": {"sizeLimit": worker.scratch_size_limit}}
    storage_class = worker.scratch.storage_class_name
    claim = {
        "metadata": {"labels": {**config.common_labels, MANAGED_BY_LABEL: MANAGED_BY}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            **({"storageClassName": storage_class} if storage_class is not None else {}),
            "resources": {"requests": {"storage": worker.scratch_size_limit}},
        },
    }
    return {"ephemeral": {"volumeClaimTemplate": claim}}


def _container(
    videojob: VideoJobView, spec: VideoJobSpec, claim: str, config: OperatorConfig, *, more_memory: bool
) -> dict[str, Any]:
    env_from = {"envFrom": list(config.worker.extra_env_from)} if config.worker.extra_env_from else {}
    return {
        "name": "worker",
        "image": config.worker.image,
        "imagePullPolicy": config.worker.image_pull_policy,
        "env": _environment(videojob, spec, claim, config),
        **env_from,
        "resources": _resources(videojob, spec, config, more_memory=more_memory),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "terminationMessagePath": "/dev/termination-log",
        # Of a program that did not start, only the runtime's line in the log tells why.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [
            {"name": "work", "mountPath": _WORKDIR},
            {"name": "secrets", "mountPath": _SECRETS, "readOnly": True},
            {"name": "prompts", "mountPath": _PROMPTS, "readOnly": True},
            {"name": "token", "mountPath": _TOKEN, "readOnly": True},
            *(({"name": "ca-bundle", "mountPath": _CA, "readOnly": True},) if config.worker.ca_bundle else ()),
            *config.worker.extra_volume_mounts,
        ],
    }


def _ca_volume(bundle: CaBundle) -> dict[str, Any]:
    # Optional: where it is missing, the worker starts and says so.
    source = {"items": [{"key": bundle.key, "path": _CA_FILE}], "optional": True}
    if bundle.config_map is not None:
        return {"name": "ca-bundle", "configMap": {"name": bundle.config_map, **source}}
    return {"name": "ca-bundle", "secret": {"secretName": bundle.secret, **source}}


def _prompts(videojob: VideoJobView, config: OperatorConfig) -> str:
    """Return the ConfigMap with the prompts: that of the first attempt."""
    return videojob.prompts or config.prompts.config_map


def _spread(constraint: dict[str, Any]) -> dict[str, Any]:
    """Spread over all workers by default: without a selector, Kubernetes counts no pod."""
    workers = {"labelSelector": {"matchLabels": {"app.kubernetes.io/name": "runops-worker"}}}
    return constraint if "labelSelector" in constraint else {**constraint, **workers}


def _environment(
    videojob: VideoJobView, spec: VideoJobSpec, claim: str, config: OperatorConfig
) -> list[dict[str, Any]]:
    cost = config.cost
    values = {
        "RUNOPS_JOB_ID": spec.job_id,
        "RUNOPS_CLAIM": claim,
        "RUNOPS_USER_ID": spec.user_id,
        "RUNOPS_SOURCE_BUCKET": spec.source.bucket,
        "RUNOPS_SOURCE_OBJECT": spec.source_object,
        "RUNOPS_MODEL_TRANSCRIBE": spec.model.transcribe,
        "RUNOPS_MODEL_SOP": spec.model.sop,
        "RUNOPS_MODEL_FALLBACK": ",".join(spec.model.fallback) or None,
        "RUNOPS_PROMPT_TRANSCRIPTION": spec.prompts.transcription,
        "RUNOPS_PROMPT_SOP": spec.prompts.sop,
        "RUNOPS_PROMPTS_DIR": _PROMPTS,
        "RUNOPS_PROMPTS_CONFIG_MAP": _prompts(videojob, config),
        "RUNOPS_TRANSCODE_FPS": str(spec.transcode.fps),
        "RUNOPS_TRANSCODE_HEIGHT": str(spec.transcode.height),
        "RUNOPS_TRANSCODE_CRF": str(spec.transcode.crf),
        "RUNOPS_MAX_BYTES": str(config.limits.max_bytes),
        "RUNOPS_MAX_DURATION_SECONDS": str(config.limits.max_duration_seconds),
        "RUNOPS_LEAST_READABLE_PERCENT": str(config.limits.least_readable_percent),
        "RUNOPS_LEAST_READABLE_SECONDS": str(config.limits.least_readable_seconds),
        "RUNOPS_MAX_COST_USD": None if cost.max_per_video_usd is None else f"{cost.max_per_video_usd:f}",
        "RUNOPS_REQUIRE_PRICES": "true" if cost.require_prices else None,
        "RUNOPS_REQUIRE_LANDLOCK": "true" if config.worker.require_landlock else None,
        "RUNOPS_REDACTION": None if config.worker.redaction else "false",
        "RUNOPS_LEAVE_OUT_IDLE": "true" if config.worker.leave_out_idle else None,
        "RUNOPS_PICTURE_RESOLUTION": _unless_high(config.worker.picture_resolution),
        "RUNOPS_SOP_LANGUAGE": config.worker.sop_language,
        "RUNOPS_PAGE": "true" if config.worker.page else None,
        "RUNOPS_UPLOAD_SECONDS": str(config.deadlines.upload_seconds),
        "RUNOPS_GEMINI_FILE_SECONDS": str(config.deadlines.gemini_file_seconds),
        "RUNOPS_WORKDIR": _WORKDIR,
        "RUNOPS_SECRETS_DIR": _SECRETS,
        "RUNOPS_CA_BUNDLE": f"{_CA}/{_CA_FILE}" if config.worker.ca_bundle else None,
        "RUNOPS_VIDEOJOB": videojob.name,
        "RUNOPS_NAMESPACE": config.namespace,
        "RUNOPS_LOG_LEVEL": config.log_level,
        "HOME": _WORKDIR,
        "TMPDIR": _WORKDIR,
    }
    literal: list[dict[str, Any]] = [
        {"name": name, "value": value} for name, value in values.items() if value is not None
    ]
    own = [*literal, {"name": "RUNOPS_POD_UID", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}}]
    taken = {item["name"] for item in own}
    # Of two variables with one name the last one wins: extra variables must not replace the claim.
    return [*own, *(item for item in config.worker.extra_env if item["name"] not in taken)]


def _unless_high(resolution: PictureResolution) -> str | None:
    return None if resolution is PictureResolution.HIGH else resolution.value


def _resources(
    videojob: VideoJobView, spec: VideoJobSpec, config: OperatorConfig, *, more_memory: bool
) -> dict[str, dict[str, str]]:
    """Merge the installation's amounts with the VideoJob's, each of which has precedence."""
    merged: dict[str, dict[str, str]] = config.worker.resources.model_dump(by_alias=True, exclude_none=True)
    if videojob.source_bytes is not None and _DISK in merged.get("requests", {}):
        merged["requests"][_DISK] = _disk_for(videojob.source_bytes, usually=merged["requests"][_DISK])
    own = spec.worker.resources if spec.worker else None
    for kind, amounts in (own.model_dump(by_alias=True, exclude_none=True) if own else {}).items():
        merged.setdefault(kind, {}).update(amounts)
    if more_memory:
        for amounts in merged.values():
            if "memory" in amounts:
                amounts["memory"] = _doubled(amounts["memory"])
    return merged


def _disk_for(source_bytes: int, *, usually: str) -> str:
    """Return the scratch disk to request: what the recording needs, but at most the usual amount.

    Only the request shrinks. The limit stays, so a wrong size ends no worker.
    """
    mebibytes = -(-source_bytes // 2**20) + _DISK_BESIDE_THE_RECORDING_MIB
    number, unit = _parts(usually)
    small = unit != "m" and mebibytes * 2**20 < float(number) * _UNITS[unit]
    return f"{mebibytes}Mi" if small else usually


def _parts(quantity: str) -> tuple[str, str]:
    number, unit = _QUANTITY.fullmatch(quantity).groups()  # type: ignore[union-attr]  # the schema lets no other through
    return number, unit


def _doubled(quantity: str) -> str:
    number, unit = _parts(quantity)
    twice = 2 * float(number)
    return f"{int(twice) if twice.is_integer() else twice}{unit}"
