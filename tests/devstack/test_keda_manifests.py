"""What KEDA is told: the count, the Job, and nothing that its defaults say already."""

import json
from pathlib import Path

from devstack.keda import ScaledJob
from devstack.keda.operator import arguments

_JOB = ScaledJob(
    name="videos",
    namespace="somewhere",
    database_url="postgresql://postgres@/postgres?host=/run/here",
    query="select 1",
    most=1000,
    node_selector={"there-is": "none"},
)


def test_the_trigger_counts_one_row_a_job_up_to_as_many_as_were_asked_for() -> None:
    spec = _JOB.manifests()[-1]["spec"]
    (trigger,) = spec["triggers"]
    assert trigger["type"] == "postgresql"
    assert trigger["metadata"] == {"query": "select 1", "targetQueryValue": "1", "activationTargetQueryValue": "0"}
    assert spec["maxReplicaCount"] == 1000


def test_polling_and_strategy_are_left_to_kedas_defaults() -> None:
    assert set(_JOB.manifests()[-1]["spec"]) == {"jobTargetRef", "maxReplicaCount", "triggers"}


def test_pods_are_kept_where_they_were_sent_and_never_restarted() -> None:
    pod = _JOB.manifests()[-1]["spec"]["jobTargetRef"]["template"]["spec"]
    assert (pod["nodeSelector"], pod["restartPolicy"]) == ({"there-is": "none"}, "Never")


def test_the_connection_is_in_the_secret_alone_and_the_trigger_leads_to_it() -> None:
    secret, authentication, scaled_job = _JOB.manifests()
    assert secret["stringData"] == {"connection": _JOB.database_url}
    assert _JOB.database_url not in json.dumps([authentication, scaled_job])
    assert _JOB.database_url not in repr(_JOB)
    (trigger,) = scaled_job["spec"]["triggers"]
    (reference,) = authentication["spec"]["secretTargetRef"]
    assert trigger["authenticationRef"]["name"] == authentication["metadata"]["name"]
    assert reference["name"] == secret["metadata"]["name"]
    assert reference["parameter"] == "connection"
    assert reference["key"] in secret["stringData"]


def test_all_objects_are_in_the_namespace_that_was_named() -> None:
    assert {one["metadata"]["namespace"] for one in _JOB.manifests()} == {"somewhere"}


def test_the_operator_listens_on_this_machine_only_and_keeps_its_own_limits_of_requests() -> None:
    given = dict(
        one.removeprefix("--").split("=", 1)
        for one in arguments(health_port=1, metrics_port=2, certificates=Path("/certificates"))
    )
    assert given == {
        "metrics-bind-address": "0",
        "health-probe-bind-address": "127.0.0.1:1",
        "metrics-service-bind-address": "127.0.0.1:2",
        "cert-dir": "/certificates",
    }
