"""Shows what videos have cost today and this month, and how far each cap on that is.

The operator keeps the count, so only a cluster has it. The caps are those of the operator's configuration.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from runops.dollars import reported_microdollars
from runops.spending_record import KEY_IN_RECORD, Record, RecordUnreadable, read_record
from runops.supabase.probe import Finding
from runops_cli.checks.finding import good, problem, warning
from runops_cli.cluster.kubectl import Kubectl, KubectlFailed
from runops_cli.cluster.releases import Installed, read_releases
from runops_cli.cluster.videojobs import RESOURCE

__all__ = ["cap_findings", "check_spending", "spending_without_cluster", "spent_by_days"]

_MICRO = Decimal(1_000_000)
_DAYS = '{range .items[*]}{.status.usage.days}{"\\n"}{end}'


def spending_without_cluster() -> Finding:
    """Return what is known of spending where no cluster is checked."""
    return good(
        "spending",
        "not known here: the operator on the cluster counts it; `runops work` prints the cost of each video, adds "
        "nothing up, and has only the cap --max-cost-usd for one video",
    )


async def check_spending(kubectl: Kubectl, *, today: date) -> list[Finding]:
    """Return what was spent and how far each cap is, for each release in the namespace. It writes nothing.

    Parameters
    ----------
    kubectl
        For the cluster, which has VideoJobs.
    today
        The day in UTC.
    """
    try:
        releases = await read_releases(kubectl)
        found: list[Finding] = []
        for release in releases:
            found += await _check_release(kubectl, release, today=today, alone=len(releases) == 1)
    except KubectlFailed as error:
        return [good("spending", f"not known: {error}")]
    if not releases:
        return [good("spending", f"not known: no release of the chart is installed in {kubectl.place}")]
    return found


async def _check_release(kubectl: Kubectl, release: Installed, *, today: date, alone: bool) -> list[Finding]:
    named = "" if alone else f" of {release.release}"
    if not release.counts:
        return [await _reported(kubectl, named, today=today), *_cap_per_video(release, named)]
    kept = await kubectl.get("configmap", str(release.cost.get("record")))
    text = ((kept or {}).get("data") or {}).get(KEY_IN_RECORD)
    try:
        record = Record() if text is None else read_record(text)
    except RecordUnreadable as error:
        name = release.cost.get("record")
        remedy = "Delete it to count from 0 again. Until then nothing is claimed."
        return [problem(f"spending{named}", f"The ConfigMap {name} cannot be read: {error}.", remedy)]
    return cap_findings(release, record, named, today=today)


def cap_findings(release: Installed, record: Record, named: str, *, today: date) -> list[Finding]:
    """Return what was spent by the operator's record, and how far each cap is. Pure.

    Parameters
    ----------
    release
        With its caps.
    record
        What was spent.
    named
        Added to the names of findings where there are several releases.
    today
        The day in UTC.
    """
    day = record.of_day if record.day == today.isoformat() else 0
    month = record.of_month if record.month == today.isoformat()[:7] else 0
    spent = f"{_usd(day)} USD today and {_usd(month)} USD this month, in UTC"
    found = [good(f"spending{named}", spent), *_cap_per_video(release, named)]
    for name, setting, amount, when in (
        ("cap per day", "maxPerDayUsd", day, "tomorrow"),
        ("cap per month", "maxPerMonthUsd", month, "the next month"),
    ):
        cap = release.cap(setting)
        if cap is None:
            continue
        detail = f"{_usd(amount)} of {cap} USD ({amount / _MICRO / cap:.0%})"
        if amount >= cap * _MICRO:
            found.append(
                warning(
                    f"{name}{named}",
                    f"{detail}: nothing is claimed until {when}",
                    _raise(release, f"cost.{setting}"),
                )
            )
        else:
            found.append(good(f"{name}{named}", detail))
    cap = release.cap("maxPerUserAndDayUsd")
    if cap is not None:
        found.append(_cap_per_user(release, cap, record.of_users if day else {}, named))
    return found


def _cap_per_user(release: Installed, cap: Decimal, users: Mapping[str, int], named: str) -> Finding:
    name, most = f"cap per user and day{named}", max(users.values(), default=0)
    detail = f"{cap} USD; the most that one user has spent today is {_usd(most)} USD ({most / _MICRO / cap:.0%})"
    reached = sum(amount >= cap * _MICRO for amount in users.values())
    if not reached:
        return good(name, detail)
    waiting = "the rows of 1 user wait" if reached == 1 else f"the rows of {reached} users wait"
    return warning(name, f"{detail}: {waiting} until tomorrow", _raise(release, "cost.maxPerUserAndDayUsd"))


def _cap_per_video(release: Installed, named: str) -> list[Finding]:
    cap = release.cap("maxPerVideoUsd")
    return [] if cap is None else [good(f"cap per video{named}", f"{cap} USD, over all attempts")]


def _raise(release: Installed, setting: str) -> str:
    return f"Wait, or raise {setting} with `helm upgrade {release.release}`; see docs/cost.md."


async def _reported(kubectl: Kubectl, named: str, *, today: date) -> Finding:
    listed = await kubectl.run("get", RESOURCE, "-o", f"jsonpath={_DAYS}")
    if listed.code != 0:
        return good(f"spending{named}", f"not known: {listed.complaint}")
    day, month = spent_by_days(listed.output, today=today)
    return good(
        f"spending{named}",
        f"{_usd(day)} USD today and {_usd(month)} USD this month, in UTC, by the VideoJobs that still exist; "
        "no cap per day or month is set",
    )


def spent_by_days(lines: str, *, today: date) -> tuple[int, int]:
    """Return what VideoJobs report of today and of this month, in millionths of a US dollar. Pure.

    Parameters
    ----------
    lines
        The `status.usage.days` of each, as kubectl prints it.
    today
        The day in UTC.
    """
    day = month = 0
    for line in lines.splitlines():
        for item in json.loads(line) if line.startswith("[") else []:
            amount = reported_microdollars(str(item.get("costUsd")))
            day += amount if item.get("day") == today.isoformat() else 0
            month += amount if str(item.get("day")).startswith(today.isoformat()[:7]) else 0
    return day, month


def _usd(microdollars: int) -> str:
    return f"{microdollars / _MICRO:.2f}"
