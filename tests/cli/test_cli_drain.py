"""What `runops drain` and `undrain` do with what kubectl says; `test_cli_with_operator` asks a real one."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import Result

from runops_cli.cluster.draining import AtWork, at_work_of
from runops_cli.cluster.releases import installed_in

Runops = Callable[..., Result]
SINCE = "2026-11-30T19:00:00.000000Z"


def release(name: str = "ours", *, drain: str | None = "ours-drain", **order: str) -> list[dict[str, Any]]:
    config = {"installation": f"runops/{name}", **({"drainConfigMap": drain} if drain else {})}
    labels = {"app.kubernetes.io/instance": name}
    return [
        {"metadata": {"name": name, "labels": labels}, "data": {"operator.yaml": yaml.dump(config)}},
        {"metadata": {"name": f"{name}-drain"}, "data": order},
    ]


@pytest.fixture
def cluster(tmp_path: Path, environment: dict[str, str]) -> Callable[..., Path]:
    """Put a kubectl on PATH that lists these ConfigMaps and VideoJobs; a patch confirms the order, or fails."""

    def install(items: list[dict[str, Any]], videojobs: str = "", *, confirms: bool = True, patch: str = "") -> Path:
        kubectl, log, there = tmp_path / "bin" / "kubectl", tmp_path / "asked", tmp_path / "configmaps.json"
        kubectl.parent.mkdir()
        there.write_text(json.dumps({"items": items}))
        after = json.dumps({"items": release(since=SINCE, confirmed=SINCE)})
        (tmp_path / "after.json").write_text(after if confirms else json.dumps({"items": release(since=SINCE)}))
        (tmp_path / "videojobs").write_text(videojobs)
        lines = [
            "#!/bin/sh",
            f'echo "$*" >> {log}',
            'case "$*" in',
            "*current-context*) echo here;;",
            f"*patch*) {patch or f'cp {tmp_path}/after.json {there}'};;",
            f"*configmaps*) cat {there};;",
            f"*videojobs*) cat {tmp_path}/videojobs;;",
            "esac",
        ]
        kubectl.write_text("\n".join(lines) + "\n", "utf-8")
        kubectl.chmod(0o755)
        environment["PATH"] = f"{kubectl.parent}:{environment['PATH']}"
        return log

    return install


def test_an_order_is_written_and_returns_when_it_is_confirmed(runops: Runops, cluster: Callable[..., Path]) -> None:
    log = cluster(release(), "runops/ours\tt\t\tRunning\n")
    result = runops("drain", "-n", "runops", "--why", "the database moves")
    assert result.exit_code == 0, result.stderr
    assert "ours drains: nothing new is claimed. 1 video runs." in result.stderr
    (patch,) = [line for line in log.read_text().splitlines() if " patch " in line]
    assert "--namespace=runops patch configmap ours-drain --type=merge --patch=" in patch
    written = json.loads(patch.partition("--patch=")[2])["data"]
    assert written["why"] == "the database moves"
    assert written["confirmed"] is None
    assert written["since"].endswith("Z")


def test_an_order_that_stands_is_not_replaced(runops: Runops, cluster: Callable[..., Path]) -> None:
    log = cluster(release(since=SINCE, by="ann", confirmed=SINCE))
    result = runops("drain")
    assert result.exit_code == 0
    assert f"ours drains already. Drained since {SINCE} by ann." in result.stderr
    assert " patch " not in log.read_text()


def test_waiting_ends_when_nothing_runs_and_leaves_paused_ones_out(
    runops: Runops, cluster: Callable[..., Path]
) -> None:
    cluster(release(since=SINCE, confirmed=SINCE), "runops/ours\tt\ttrue\tSuspended\n")
    result = runops("drain", "--wait")
    assert result.exit_code == 0
    assert "0 videos run, 1 paused: those are not waited for." in result.stderr
    assert "Nothing runs any more." in result.stderr


def test_waiting_has_a_deadline(runops: Runops, cluster: Callable[..., Path]) -> None:
    cluster(release(since=SINCE, confirmed=SINCE), "runops/ours\tt\t\tRunning\nruns/others\tt\t\tRunning\n")
    result = runops("drain", "--wait", "--timeout", "1")
    assert result.exit_code == 4
    assert "After 1 s still: 1 video runs. The order stands." in result.stderr


def test_an_operator_that_is_away_does_not_confirm(
    runops: Runops, cluster: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runops_cli.commands.drain._CONFIRM_SECONDS", 0.0)
    cluster(release(), confirms=False)
    result = runops("drain")
    assert result.exit_code == 4
    assert "The order is written, but the operator of ours has not confirmed it" in result.stderr


def test_the_order_is_removed(runops: Runops, cluster: Callable[..., Path]) -> None:
    log = cluster(release(since=SINCE))
    result = runops("undrain")
    assert (result.exit_code, result.stderr.strip()) == (0, "ours claims rows again.")
    assert '{"data": {"since": null, "by": null, "why": null, "confirmed": null}}' in log.read_text()


def test_without_an_order_there_is_nothing_to_remove(runops: Runops, cluster: Callable[..., Path]) -> None:
    log = cluster(release())
    assert runops("undrain").exit_code == 0
    assert " patch " not in log.read_text()


@pytest.mark.parametrize(
    ("items", "arguments", "code", "said"),
    [
        ([], [], 3, "No release of the chart is installed in the current namespace. Name its namespace with -n."),
        ([*release("a"), *release("b")], [], 2, "There are several releases in the current namespace: a, b. Name one"),
        ([*release("a"), *release("b")], ["--release", "c"], 3, "There is no release c in the current namespace, but:"),
        (release(drain=None), [], 1, "The release ours is of a chart that cannot be drained by a command."),
    ],
)
def test_the_release_is_found_or_the_message_says_what_to_do(
    *,
    runops: Runops,
    cluster: Callable[..., Path],
    items: list[dict[str, Any]],
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    cluster(items)
    result = runops("drain", *arguments)
    assert result.exit_code == code
    assert said in result.stderr


def test_a_refused_order_names_the_right(runops: Runops, cluster: Callable[..., Path]) -> None:
    cluster(release(), patch='echo "Error from server (Forbidden): no" >&2; exit 1')
    result = runops("drain")
    assert result.exit_code == 5
    assert "The ConfigMap ours-drain could not be changed: Error from server (Forbidden): no." in result.stderr
    assert "kubectl auth can-i patch configmaps" in result.stderr


def test_which_videojobs_are_at_work() -> None:
    lines = [
        "runops/ours\ttoken\t\tRunning",
        "runops/ours\ttoken\tfalse\t",
        "\ttoken\t\tPending",
        "runops/ours\ttoken\ttrue\tSuspended",
        "runops/ours\ttoken\t\tSucceeded",
        "runops/ours\ttoken\t\tFailed",
        "runops/theirs\ttoken\t\tRunning",
        "\t\t\tPending",
        "",
    ]
    assert at_work_of("\n".join(lines), {"runops/ours"}.__contains__) == AtWork(running=3, paused=1)


@pytest.mark.parametrize(
    ("settings", "own", "others"),
    [
        (
            {"release": "ours", "namespace": "runops", "formerInstallations": ["old"]},
            ["runops/ours@uid-1", "runops/ours", "old"],
            ["runops/ours-2@uid-1", "runops/theirs@uid-1", ""],
        ),
        (
            {"release": "ours", "namespace": "runops", "installation": "prod"},
            ["prod"],
            ["runops/ours@uid-1", "runops/ours"],
        ),
    ],
    ids=["default", "chosen"],
)
def test_the_videojobs_of_a_release_are_known_by_its_names(
    settings: dict[str, Any], own: list[str], others: list[str]
) -> None:
    data = {"operator.yaml": yaml.dump(settings)}
    (release,) = installed_in({"items": [{"metadata": {"name": "ours-operator"}, "data": data}]})
    assert [name for name in (*own, *others) if release.is_own(name)] == own
