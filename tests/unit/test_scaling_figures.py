"""What the benchmarks behind docs/scaling.md make of what they saw."""

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.footprint import Seen, footprint_of
from benchmarks.shared_table import judged
from devstack.faults import RequestRecord
from tests.simulation.shared_table import Shares

_KEPT = Shares(rows=1000, longest_wait=50.0, taken_over_after=650.0, requests={"read": 4000})


def test_a_videos_footprint_is_told_by_who_asked_for_what() -> None:
    requests = [
        RequestRecord(method="GET", path="/rest/v1/jobs", at=0, peer="operator", bytes=100, received=0),
        RequestRecord(method="PATCH", path="/rest/v1/jobs", at=0, peer="worker", bytes=10, received=90),
        RequestRecord(method="PATCH", path="/rest/v1/jobs", at=0, peer="worker", bytes=0, received=0),
        RequestRecord(method="GET", path="/storage/v1/object/videos/raw/a.mp4", at=0, peer="worker", bytes=5000),
        RequestRecord(method="POST", path="/storage/v1/object/videos/slim/a.mp4", at=0, peer="worker", received=700),
    ]
    seen = Seen({("VideoJob", "vj-a"): 3000, ("Pod", "vj-a-1"): 5000, ("Pod", "vj-b-1"): 7000}, {"worker"})
    found = footprint_of(requests, seen, videos=2, row_bytes=400, idle_requests_a_minute=12.0)
    assert (found.operator_requests, found.worker_requests, found.storage_requests) == (0.5, 1.0, 1.0)
    assert (found.table_bytes, found.downloaded_bytes, found.uploaded_bytes) == (100, 2500, 350)
    assert found.objects == {"Pod": 1.0, "VideoJob": 0.5}
    assert found.object_bytes == {"Pod": 6000, "VideoJob": 1500}
    assert (found.row_bytes, found.idle_requests_a_minute) == (200, 12.0)


@pytest.mark.parametrize(
    ("changes", "broken"),
    [
        ({}, ""),
        ({"lost": 1}, "lost"),
        ({"doubled": 1}, "doubled"),
        ({"longest_wait": 301.0}, "longest wait beyond its turn"),
        ({"taken_over_after": 901.0}, "last row of the killed one taken over"),
        ({"requests": {"read": 11_000}}, "requests of operators to Supabase a row"),
    ],
)
def test_one_row_lost_doubled_or_starved_breaks_the_promise(changes: dict[str, Any], broken: str) -> None:
    not_kept = [one.what.partition(": ")[2] for one in judged(replace(_KEPT, **changes)) if not one.kept]
    assert not_kept == ([broken] if broken else [])
