"""Every kind of fault, met by a real client over a real connection."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devstack.faults import Fault, FaultBox, FaultControl, redact
from devstack.stack import StackInfo

PATH = "/rest/v1/jobs?select=job_id"
CLAIM = "/rest/v1/jobs?status=eq.queued"


def test_status_answers_instead_of_the_server(http: httpx.Client, faults: FaultControl) -> None:
    faults.set(Fault(kind="status", status=522, headers={"Retry-After": "7"}, body="<html>down</html>"))
    spoiled = http.get(PATH)
    assert (spoiled.status_code, spoiled.headers["retry-after"], spoiled.text) == (522, "7", "<html>down</html>")
    assert http.get(PATH).status_code == 200


def test_hang_outlasts_an_impatient_client(stack: StackInfo, http: httpx.Client, faults: FaultControl) -> None:
    faults.set(Fault(kind="hang", seconds=30))
    with pytest.raises(httpx.ReadTimeout):
        http.get(PATH, timeout=0.2)
    assert httpx.get(f"{stack.url}/storage/v1/status").status_code == 200


def test_hang_closes_in_the_end(http: httpx.Client, faults: FaultControl) -> None:
    faults.set(Fault(kind="hang", seconds=0.2))
    began = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(PATH)
    assert time.monotonic() - began >= 0.2


@pytest.mark.parametrize(("kind", "status"), [("drop_before", "queued"), ("drop_after", "processing")])
def test_a_dropped_claim_is_committed_only_after_handling(
    http: httpx.Client, database: psycopg.Connection, faults: FaultControl, kind: str, status: str
) -> None:
    database.execute("insert into jobs (job_id) values (gen_random_uuid())")
    faults.set(Fault.model_validate({"kind": kind, "method": "PATCH"}))
    # Where a connection is closed before all of the request was read, the kernel resets it.
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        http.patch(CLAIM, json={"status": "processing"})
    assert database.execute("select status from jobs").fetchall() == [(status,)]


def test_reset_breaks_the_connection(http: httpx.Client, faults: FaultControl) -> None:
    faults.set(Fault(kind="reset"))
    with pytest.raises(httpx.ReadError, match="reset"):
        http.get(PATH)


def collect(answer: httpx.Response, received: bytearray) -> None:
    for chunk in answer.iter_raw():
        received += chunk


def test_truncate_sends_half_of_a_download(http: httpx.Client, empty_bucket: str, faults: FaultControl) -> None:
    path = f"/storage/v1/object/{empty_bucket}/raw/a.mp4"
    http.post(path, content=b"x" * 1_000_000)
    faults.set(Fault(kind="truncate", method="GET"))
    received = bytearray()
    with http.stream("GET", path) as answer:
        assert answer.headers["content-length"] == "1000000"
        with pytest.raises(httpx.RemoteProtocolError):
            collect(answer, received)
    assert len(received) == 500_000


def test_drip_sends_the_body_byte_by_byte(http: httpx.Client, empty_bucket: str, faults: FaultControl) -> None:
    path = f"/storage/v1/object/{empty_bucket}/a"
    http.post(path, content=b"12345")
    faults.set(Fault(kind="drip", method="GET", seconds=0.05))
    began = time.monotonic()
    assert http.get(path).content == b"12345"
    assert time.monotonic() - began >= 5 * 0.05


def test_skip_and_times_choose_which_requests_suffer(http: httpx.Client, faults: FaultControl) -> None:
    faults.set(Fault(kind="status", method="get", path=r"jobs\?select=job_id", skip=1, times=2))
    assert [http.get(PATH).status_code for _ in range(4)] == [200, 503, 503, 200]
    assert faults.pending() == []


def test_a_fault_without_times_stays_until_cleared(http: httpx.Client, faults: FaultControl) -> None:
    faults.set(Fault(kind="status", path="/rest/", times=None))
    assert {http.get(PATH).status_code for _ in range(3)} == {503}
    faults.clear()
    assert http.get(PATH).status_code == 200


def test_the_log_tells_what_was_asked_without_secrets(http: httpx.Client, faults: FaultControl) -> None:
    faults.set(Fault(kind="drop_before", path="second"))
    http.get("/storage/v1/object/sign/videos/first?token=SECRET")
    with pytest.raises(httpx.RemoteProtocolError):
        http.post("/storage/v1/object/videos/second", content=b"x")
    first, second = faults.requests()
    assert (first.method, first.path) == ("GET", "/storage/v1/object/sign/videos/first?token=REDACTED")
    assert (first.status, first.fault) == (400, None)
    assert (second.method, second.status, second.fault) == ("POST", 0, "drop_before")
    assert abs(time.time() - second.at) < 60


def test_the_clock_of_the_answers_can_be_wrong(http: httpx.Client, faults: FaultControl) -> None:
    faults.skew_clock(3600)
    ahead = parsedate_to_datetime(http.get(PATH).headers["date"]).timestamp() - time.time()
    assert 3590 < ahead < 3610
    faults.clear()
    assert abs(parsedate_to_datetime(http.get(PATH).headers["date"]).timestamp() - time.time()) < 10


@given(
    skip=st.integers(0, 5),
    times=st.one_of(st.none(), st.integers(1, 5)),
    requests=st.integers(0, 15),
)
def test_a_fault_spoils_exactly_the_requests_it_counts(skip: int, times: int | None, requests: int) -> None:
    box = FaultBox()
    box.arm([Fault(kind="reset", skip=skip, times=times)])
    spoiled = [box.take("GET", "/x") is not None for _ in range(requests)]
    end = requests if times is None else skip + times
    assert spoiled == [skip <= number < end for number in range(requests)]


@given(st.text(alphabet=st.characters(exclude_characters="&#?"), min_size=1))
def test_no_secret_value_survives_redaction(secret: str) -> None:
    assert redact(f"/object?token={secret}&a=1") == "/object?token=REDACTED&a=1"
