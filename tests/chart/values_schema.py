"""Makes the chart's values.schema.json; `make chart` writes it.

Bounds are the operator's own, read from its configuration model; sentences are those of values.yaml. What stands here
is only what neither of the two can say.
"""

import re
from pathlib import Path
from typing import Any

from runops.sop_language import LANGUAGE_PATTERN
from runops_operator.config import OperatorConfig

__all__ = ["OPEN", "values_schema"]

_VALUES = Path(__file__).parents[2] / "deploy" / "helm" / "runops-operator" / "values.yaml"
Schema = dict[str, Any]

OPEN = {
    "affinity": "judged by the API server",
    "peer": "judged by the API server",
    "volume": "judged by the API server; each kind of volume has fields of its own",
    "object": "may be anything",
    "relabeling": "judged by the Prometheus operator",
    "egressRule": "judged by the API server, or by Cilium",
    "labelSelector": "judged by the API server",
}
"""Definitions that take any field, and why."""

_BOUNDS = (
    *("type", "enum", "minimum", "maximum", "exclusiveMinimum", "multipleOf"),
    *("minLength", "maxLength", "pattern"),
)
_DNS_NAME = r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?"
_RANGE = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}|[0-9A-Fa-f:]+/[0-9]{1,3})$"


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _object(*required: str, **properties: Schema) -> Schema:
    schema: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return schema | ({"required": list(required)} if required else {})


def _any_object() -> Schema:
    return {"type": "object", "additionalProperties": True}


def _list(items: Schema, **bounds: int) -> Schema:
    return {"type": "array", "items": items, **bounds}


def _integer(minimum: int, maximum: int) -> Schema:
    return {"type": "integer", "minimum": minimum, "maximum": maximum}


def _text(**bounds: Any) -> Schema:
    return {"type": "string", **bounds}


def _choice(*values: Any) -> Schema:
    return {"enum": list(values)}


_BOOLEAN: Schema = {"type": "boolean"}
_UNSET_OR_BOOLEAN: Schema = {"type": ["boolean", "null"]}
_SECONDS: Schema = {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"}


def _setting(*path: str) -> Schema:
    """Return the bounds of one setting of the operator."""
    whole = OperatorConfig.model_json_schema(by_alias=True)
    node: Schema = whole
    for key in path:
        if "$ref" in node:
            node = whole["$defs"][node["$ref"].rpartition("/")[2]]
        node = node["properties"][key]
    # What may be None, the chart leaves empty.
    node = node.get("anyOf", [node])[0]
    return {key: node[key] for key in _BOUNDS if key in node}


def _settings(*path: str, **overridden: Schema) -> Schema:
    """Return the bounds of a whole group of settings."""
    whole = OperatorConfig.model_json_schema(by_alias=True)
    names = whole["$defs"][whole["properties"][path[0]]["$ref"].rpartition("/")[2]]["properties"]
    return _object(**{name: _setting(*path, name) | overridden.get(name, {}) for name in names})


def _definitions() -> Schema:
    named = _object("name", name=_text(minLength=1), optional=_BOOLEAN)
    field = _object("fieldPath", fieldPath=_text(), apiVersion=_text())
    key = _object("name", "key", name=_text(minLength=1), key=_text(minLength=1), optional=_BOOLEAN)
    amount = _object("resource", resource=_text(), containerName=_text(), divisor=_ref("quantity"))
    return {
        **{name: _any_object() for name in OPEN},
        "name": _text(maxLength=253, pattern=f"^({_DNS_NAME})?$"),
        "stringMap": {"type": "object", "additionalProperties": {"type": "string"}},
        "range": _text(pattern=_RANGE),
        "port": _integer(1, 65535),
        "quantity": {
            "type": ["string", "number"],
            "pattern": r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$",
        },
        "amounts": _object(
            **dict.fromkeys(("cpu", "memory", "ephemeral-storage"), _ref("quantity")),
        ),
        # `helm --set` makes text of a number that has a point.
        "usd": {
            "type": ["number", "string"],
            "minimum": 0,
            "maximum": 1_000_000,
            "pattern": r"^([1-9][0-9]{0,5}\.[0-9]{1,6}|0\.0{0,5}[1-9][0-9]{0,5})$",
        },
        "resources": _object(requests=_ref("amounts"), limits=_ref("amounts")),
        "image": _object(
            repository=_text(minLength=1),
            tag=_text(),
            digest=_text(pattern="^(sha256:[0-9a-f]{64})?$"),
            pullPolicy=_choice("Always", "IfNotPresent", "Never"),
        ),
        "account": _object(create=_BOOLEAN, name=_ref("name"), annotations=_ref("stringMap")),
        "pullSecret": _object("name", name=_text(minLength=1)),
        "toleration": _object(
            key=_text(maxLength=253),
            operator=_choice("Exists", "Equal"),
            value=_text(maxLength=63),
            effect=_choice("NoSchedule", "PreferNoSchedule", "NoExecute"),
            tolerationSeconds={"type": "integer", "minimum": 0},
        ),
        "spread": _object(
            "maxSkew",
            "topologyKey",
            "whenUnsatisfiable",
            maxSkew={"type": "integer", "minimum": 1},
            topologyKey=_text(minLength=1),
            whenUnsatisfiable=_choice("ScheduleAnyway", "DoNotSchedule"),
            labelSelector=_ref("labelSelector"),
            matchLabelKeys=_list(_text()),
            minDomains={"type": "integer", "minimum": 1},
            nodeAffinityPolicy=_choice("Honor", "Ignore"),
            nodeTaintsPolicy=_choice("Honor", "Ignore"),
        ),
        "variable": _object(
            "name",
            # These are the chart's own: twice the same name is refused, or the last one wins.
            name=_text(
                minLength=1, pattern="^[A-Za-z_][A-Za-z0-9_]*$", **{"not": {"pattern": "^(RUNOPS_.*|HOME|TMPDIR)$"}}
            ),
            value=_text(),
            valueFrom=_object(fieldRef=field, configMapKeyRef=key, secretKeyRef=key, resourceFieldRef=amount),
        ),
        "variables": _object(prefix=_text(), configMapRef=named, secretRef=named),
        "mount": _object(
            "name",
            "mountPath",
            name=_text(minLength=1),
            mountPath=_text(pattern="^/"),
            subPath=_text(),
            subPathExpr=_text(),
            readOnly=_BOOLEAN,
            recursiveReadOnly=_choice("Disabled", "IfPossible", "Enabled"),
            mountPropagation=_choice("None", "HostToContainer"),
        ),
        "renderMode": _choice("skipIfMissing", "failIfMissing", "alwaysRender"),
        "monitor": _object(
            enabled=_BOOLEAN,
            renderMode=_ref("renderMode"),
            interval=_SECONDS,
            labels=_ref("stringMap"),
            relabelings=_list(_ref("relabeling")),
            metricRelabelings=_list(_ref("relabeling")),
        ),
    }


def _pods() -> dict[str, Schema]:
    """Return what operator and workers have alike."""
    return {
        "image": _ref("image"),
        "serviceAccount": _ref("account"),
        "resources": _ref("resources"),
        "nodeSelector": _ref("stringMap"),
        "tolerations": _list(_ref("toleration"), maxItems=16),
        "affinity": _ref("affinity"),
        "topologySpreadConstraints": _list(_ref("spread")),
        "priorityClassName": _ref("name"),
        "hostUsers": _UNSET_OR_BOOLEAN,
        "extraEnv": _list(_ref("variable")),
        "extraEnvFrom": _list(_ref("variables")),
        "extraVolumes": _list(_ref("volume")),
        "extraVolumeMounts": _list(_ref("mount")),
    }


def _network_policy() -> Schema:
    ranges, ports = _list(_ref("range")), _list(_ref("port"), minItems=1)
    return _object(
        enabled=_BOOLEAN,
        flavor=_choice("kubernetes", "cilium"),
        ingressFrom=_list(_ref("peer")),
        dns=_object(to=_list(_ref("peer"), minItems=1), ports=ports),
        apiServer=_object(cidrs=ranges, ports=ports),
        extraEgress=_list(_ref("egressRule")),
        cilium=_object(
            hosts=_list(_text(pattern=r"^[A-Za-z0-9*]([-A-Za-z0-9.*]*[A-Za-z0-9*])?$")),
            dns=_list(_ref("labelSelector"), minItems=1),
            ingressFrom=_list(_ref("labelSelector")),
            extraEgress=_list(_ref("egressRule")),
        ),
        **{"except": ranges},
    )


def _metrics() -> Schema:
    return _object(
        service=_object(enabled=_BOOLEAN, annotations=_ref("stringMap")),
        serviceMonitor=_ref("monitor"),
        podMonitor=_ref("monitor"),
        prometheusRule=_object(
            enabled=_BOOLEAN,
            renderMode=_ref("renderMode"),
            labels=_ref("stringMap"),
            selector=_text(pattern='^([a-zA-Z_][a-zA-Z0-9_]*(=|!=|=~|!~)"[^"]*"(, *)?)*$'),
            runbookUrl=_text(minLength=1),
            costUsdPerHour={"type": "number", "exclusiveMinimum": 0},
            queueSeconds={"type": "integer", "minimum": 60},
            failureRatio={"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            disabled=_list(_text(pattern="^Runops[A-Za-z]+$")),
        ),
        dashboard=_object(
            enabled=_BOOLEAN,
            sidecarLabel=_text(minLength=1, maxLength=253),
            sidecarLabelValue=_text(maxLength=63),
            annotations=_ref("stringMap"),
        ),
    )


def _properties() -> dict[str, Schema]:
    prompt = _text(maxLength=128, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.md$")
    model = _text(minLength=1, maxLength=128, pattern="^[A-Za-z0-9][A-Za-z0-9._/-]*$")
    same = (
        *("ageingSeconds", "retryLimit", "activeDeadlineSeconds", "resyncSeconds", "rowsSeconds"),
        "logLevel",
    )
    return {
        "enabled": {"type": "boolean", "description": "For the conditions of umbrella charts; not used."},
        "existingSecret": _ref("name"),
        "installation": _text(maxLength=200),
        "formerInstallations": _list(_text(minLength=1, maxLength=300), uniqueItems=True),
        **{name: _setting(name) for name in same},
        "maxConcurrent": _integer(0, 10_000),
        "maxConcurrentPerUser": _integer(0, 10_000),
        "backfill": _object(maxConcurrent=_integer(0, 10_000)),
        "models": _object(transcribe=model, sop=model, fallback=_list(model, maxItems=3, uniqueItems=True)),
        "prompts": _object(
            transcription=prompt,
            sop=prompt,
            files={
                "type": "object",
                "propertyNames": {"pattern": prompt["pattern"], "maxLength": 128},
                "additionalProperties": {"type": "string", "minLength": 1},
            },
            existingConfigMap=_ref("name"),
        ),
        "transcode": _settings("transcode"),
        "ttlSecondsAfterFinished": _setting("ttlSecondsAfterFinished") | {"maximum": 31_536_000},
        "limits": _settings("limits"),
        "cost": _object(
            maxPerVideoUsd=_ref("usd"),
            maxPerUserAndDayUsd=_ref("usd"),
            maxPerDayUsd=_ref("usd"),
            maxPerMonthUsd=_ref("usd"),
            requirePrices=_BOOLEAN,
        ),
        "poll": _settings("poll"),
        "realtime": _settings("realtime"),
        "timeLeft": _settings("timeLeft"),
        # Workers touch their rows every 30 s.
        "staleAfterSeconds": {"type": "number", "minimum": 300},
        "confirmSeconds": _setting("confirmSeconds") | {"maximum": 10},
        "deadlines": _settings("deadlines", noProgressSeconds={"minimum": 120}),
        "queueName": _ref("name"),
        "namespaced": _BOOLEAN,
        "crds": _object(enabled=_BOOLEAN, keep=_BOOLEAN),
        "rbac": _object(create=_BOOLEAN, aggregateRoles=_BOOLEAN),
        "admissionPolicy": _object(enabled=_BOOLEAN),
        "replicas": _integer(0, 10),
        "leaderElection": _object(
            leaseSeconds={"type": "number", "minimum": 5},
            retrySeconds={"type": "number", "exclusiveMinimum": 0, "maximum": 5},
        ),
        "imagePullSecrets": _list(_ref("pullSecret")),
        # Not a definition: beside a $ref, draft 7 reads nothing else.
        "global": _any_object()
        | {
            "properties": {
                "imageRegistry": _text(),
                "imagePullSecrets": _list({"anyOf": [_text(minLength=1), _ref("pullSecret")]}),
            }
        },
        **_pods(),
        "revisionHistoryLimit": _integer(0, 100),
        "podDisruptionBudget": _object(
            enabled=_choice("auto", True, False),
            maxUnavailable={
                "anyOf": [{"type": "integer", "minimum": 1}, _text(pattern="^([1-9][0-9]?|100)%$")],
            },
        ),
        "podAnnotations": _ref("stringMap"),
        "podLabels": _ref("stringMap"),
        "caBundle": _object(
            configMap=_ref("name"), secret=_ref("name"), key=_text(minLength=1, pattern="^[-._a-zA-Z0-9]+$")
        ),
        "architectures": _list(_text(pattern="^[a-z0-9]+$"), uniqueItems=True),
        "openshift": _object(enabled=_choice("auto", True, False)),
        "health": _object(port=_integer(1024, 65535)),
        "worker": _object(
            **_pods(),
            scratchSizeLimit=_text(pattern=r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"),
            scratch=_object(type=_choice("emptyDir", "volume"), storageClassName=_ref("name")),
            jobLabels=_ref("stringMap"),
            jobAnnotations=_ref("stringMap"),
            labels=_ref("stringMap"),
            annotations=_ref("stringMap"),
            terminationGracePeriodSeconds=_integer(1, 3600),
            succeededJobTtlSeconds=_integer(0, 315_360_000),
            failedJobTtlSeconds=_integer(0, 315_360_000),
            requireLandlock=_BOOLEAN,
            redaction=_BOOLEAN,
            leaveOutIdle=_BOOLEAN,
            pictureResolution=_choice("high", "low"),
            sopLanguage=_text(pattern=rf"^$|{LANGUAGE_PATTERN}"),
            page=_BOOLEAN,
        ),
        "networkPolicy": _network_policy(),
        "userMetrics": _BOOLEAN,
        "metrics": _metrics(),
        "tracing": _object(
            endpoint={"anyOf": [_setting("tracing", "endpoint"), _choice("")]},
            sampleRatio={"type": "number", "minimum": 0, "maximum": 1},
        ),
        "ui": _object(
            enabled=_BOOLEAN,
            replicas=_integer(0, 1),
            allowActions=_BOOLEAN,
            tokenSecret=_object(name=_ref("name"), key=_text(minLength=1, pattern="^[-._a-zA-Z0-9]+$")),
            behindProxy=_BOOLEAN,
            hosts=_list(_text(pattern=f"^{_DNS_NAME}$", maxLength=253), uniqueItems=True),
            trustedProxies=_list(_text(pattern="^[0-9a-fA-F.:]+(/[0-9]{1,3})?$", maxLength=49), uniqueItems=True),
            port=_integer(1024, 65535),
            service=_object(port=_ref("port"), annotations=_ref("stringMap")),
            ingressFrom=_list(_ref("peer")),
            ciliumIngressFrom=_list(_ref("labelSelector")),
            resources=_ref("resources"),
        ),
        "nameOverride": _text(),
        "fullnameOverride": _text(),
        "commonLabels": _ref("stringMap"),
        "commonAnnotations": _ref("stringMap"),
        "extraObjects": _list({"anyOf": [_ref("object"), _text(minLength=1)]}),
    }


def _sentences(text: str) -> dict[tuple[str, ...], str]:
    """Read the comments `# -- ...` of values.yaml: path of a value -> what is said of it."""
    found: dict[tuple[str, ...], str] = {}
    path: list[str] = []
    said: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        if stripped.startswith("# -- "):
            said = [stripped.removeprefix("# -- ")]
        elif stripped.startswith("#") and said:
            said.append(stripped.removeprefix("#").strip())
        elif match := re.match(r"( *)([A-Za-z]\w*):", line):
            path = [*path[: len(match[1]) // 2], match[2]]
            if said:
                found[tuple(path)] = " ".join(said)
            said = []
        else:
            said = []
    return found


def _describe(properties: dict[str, Schema], path: tuple[str, ...], sentence: str) -> None:
    """Put a sentence beside the value it is about.

    A definition serves several values, each with a sentence of its own: those below one stand in values.yaml only.
    """
    first, *rest = path
    if not rest:
        properties[first] = {"description": sentence} | properties[first]
    elif "properties" in properties[first]:
        _describe(properties[first]["properties"], tuple(rest), sentence)


def values_schema() -> Schema:
    """Return the schema of the chart's values."""
    properties = _properties()
    for path, sentence in _sentences(_VALUES.read_text("utf-8")).items():
        _describe(properties, path, sentence)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "$comment": "Made by `make chart`; change tests/chart/values_schema.py or values.yaml instead.",
        "title": "Values of the runops-operator chart",
        "type": "object",
        "additionalProperties": False,
        "properties": dict(sorted(properties.items())),
        "$defs": _definitions(),
    }
