"""What the scenarios would call a broken promise."""

from uuid import UUID, uuid4

import pytest

from devstack.faults import RequestRecord
from devstack.gemini.behaviour import CallKind, CallRecord
from devstack.light_worker import Fate, Ledger
from devstack.operator_runs.observed_tables import Outcome
from devstack.operator_runs.queued_rows import Row, rows_of
from tests.chaos.record import table
from tests.chaos.request_log import Deeds, deeds_of
from tests.chaos.verdict import Extra, record_of

_PERMANENT = Fate(kind="permanent")
_CLEAN = Extra(calls_again=0, transcodes_again=0, orphans=[])


def _outcome(
    *, status: str = "completed", transcripts: int = 1, sops: int = 1, endings: int = 1, job_id: str = "one"
) -> Outcome:
    return Outcome(job_id, status, "", transcripts, sops, endings)


@pytest.mark.parametrize(
    ("fate", "outcome", "broken"),
    [
        (None, _outcome(), set()),
        (_PERMANENT, _outcome(status="error", transcripts=0, sops=0), set()),
        (None, _outcome(status="error"), {"wrong"}),
        (_PERMANENT, _outcome(), {"wrong"}),
        (None, _outcome(status="processing", endings=0), {"lost"}),
        (None, _outcome(status="queued", endings=0), {"lost"}),
        (None, None, {"lost"}),
        (None, _outcome(sops=0), {"lost"}),
        (None, _outcome(transcripts=0), {"lost"}),
        (None, _outcome(transcripts=2), {"doubled"}),
        (None, _outcome(sops=2), {"doubled"}),
        (None, _outcome(endings=2), {"doubled"}),
    ],
)
def test_how_a_row_may_end(fate: Fate | None, outcome: Outcome | None, broken: set[str]) -> None:
    outcomes = {} if outcome is None else {"one": outcome}
    record = record_of("any", [Row("one", "user", fate)], outcomes, stories={}, extra=_CLEAN, seconds=1)
    assert {name for name in ("wrong", "lost", "doubled") if getattr(record, name)} == broken
    assert record.kept == (not broken)
    assert ("| NO |" in table([record])) == bool(broken)


@pytest.mark.parametrize(
    "extra",
    [
        Extra(calls_again=1, transcodes_again=0, orphans=[]),
        Extra(calls_again=0, transcodes_again=1, orphans=[]),
        Extra(calls_again=0, transcodes_again=0, orphans=["Job vj-one"]),
        Extra(calls_again=0, transcodes_again=0, orphans=[], attempts_used=1),
    ],
)
def test_repetitions_and_leftovers_break_the_promise_too(extra: Extra) -> None:
    record = record_of("any", [Row("one", "u")], {"one": _outcome()}, stories={}, extra=extra, seconds=1)
    assert not record.kept


def test_the_ledger_counts_only_what_a_checkpoint_had() -> None:
    ledger, job = Ledger(), UUID(int=1)
    ledger.did(job, "transcript")
    ledger.did(job, "transcript")
    assert ledger.repeated_calls == 0, "the first worker died before it could keep it"
    ledger.kept(job, "transcript")
    ledger.did(job, "transcript")
    ledger.did(job, "sop")
    assert (ledger.repeated_calls, ledger.repeated_transcodes, ledger.calls) == (1, 0, 4)
    ledger.did(job, "transcode")
    ledger.kept(job, "transcode")
    ledger.did(job, "transcode")
    assert (ledger.repeated_calls, ledger.repeated_transcodes, ledger.transcodes) == (1, 1, 2)


def test_the_same_seed_gives_the_same_rows() -> None:
    fates = {_PERMANENT: 0.1, Fate(kind="quota"): 0.01}
    assert rows_of("any", 40, seed=7, fates=fates) == rows_of("any", 40, seed=7, fates=fates)
    assert rows_of("any", 40, seed=7, fates=fates) != rows_of("any", 40, seed=8, fates=fates)
    drawn = [row.fate.kind for row in rows_of("any", 40, seed=7, fates=fates) if row.fate]
    assert sorted(drawn) == ["permanent"] * 4 + ["quota"]


class _Log:
    """Writes the logs of the stand-ins as workers of one video would."""

    def __init__(self) -> None:
        self.job_id = str(uuid4())
        self.requests: list[RequestRecord] = []
        self.calls: list[CallRecord] = []
        self._now = 0.0

    def uploads_slim(self, peer: str) -> None:
        self._asks("POST", peer, f"/storage/v1/object/videos/slim/{self.job_id}.mp4", 200)

    def keeps(self, peer: str, *members: str, status: int = 200) -> None:
        """Bring a checkpoint into storage."""
        path = f"/storage/v1/object/videos/transcripts/{self.job_id}.checkpoint.json"
        self._asks("POST", peer, path, status, list(members))

    def recalls(self, peer: str, *members: str, status: int = 200) -> None:
        """Ask for the checkpoint, and be given it or told that there is none."""
        path = f"/storage/v1/object/authenticated/videos/transcripts/{self.job_id}.checkpoint.json"
        self._asks("GET", peer, path, status, list(members) if status == 200 else None)

    def beats(self, peer: str) -> None:
        self._asks("PATCH", peer, f"/rest/v1/jobs?job_id=eq.{self.job_id}", 200)

    def calls_model(self, peer: str, kind: CallKind, *, status: int = 200) -> None:
        self._now += 1
        self.calls.append(CallRecord(kind=kind, model="any", at=self._now, status=status, peer=peer))

    def deeds(self) -> Deeds:
        return deeds_of(self.requests, self.calls, [self.job_id])

    def _asks(self, method: str, peer: str, path: str, status: int, members: list[str] | None = None) -> None:
        self._now += 1
        self.requests.append(
            RequestRecord(method=method, path=path, status=status, at=self._now, peer=peer, members=members)
        )


_FIRST, _SECOND = "10.0.0.1", "10.0.0.2"


def _first_worker(log: _Log) -> None:
    log.beats(_FIRST)
    log.recalls(_FIRST, status=400)
    log.uploads_slim(_FIRST)
    log.keeps(_FIRST, "slim")
    log.calls_model(_FIRST, "transcribe")


def test_a_call_whose_result_was_lost_with_its_worker_is_no_repetition() -> None:
    log = _Log()
    _first_worker(log)
    log.beats(_SECOND)
    log.recalls(_SECOND, "slim")
    log.calls_model(_SECOND, "transcribe")
    log.keeps(_SECOND, "slim", "transcript")
    log.calls_model(_SECOND, "sop")
    assert log.deeds() == Deeds(calls=3, transcodes=1, calls_again=0, transcodes_again=0, stray_calls=0)


@pytest.mark.parametrize("member", ["chunks", "transcript"])
def test_a_call_whose_result_was_kept_is_a_repetition(member: str) -> None:
    log = _Log()
    _first_worker(log)
    log.keeps(_FIRST, "slim", member)
    log.recalls(_SECOND, "slim", member)
    log.calls_model(_SECOND, "transcribe")
    log.calls_model(_SECOND, "sop")
    assert log.deeds() == Deeds(calls=3, transcodes=1, calls_again=1, transcodes_again=0, stray_calls=0)


def test_a_worker_that_repeats_its_own_call_is_told() -> None:
    log = _Log()
    _first_worker(log)
    log.calls_model(_FIRST, "transcribe")
    log.keeps(_FIRST, "slim", "chunks")
    assert log.deeds().calls_again == 0, "the first answer may have been wrong"
    log.calls_model(_FIRST, "transcribe")
    assert log.deeds().calls_again == 1


def test_a_slim_video_made_again_after_its_checkpoint_is_a_repetition() -> None:
    log = _Log()
    _first_worker(log)
    log.recalls(_SECOND, "slim")
    log.uploads_slim(_SECOND)
    assert log.deeds().transcodes_again == 1


def test_a_checkpoint_written_after_a_deed_that_does_not_hold_it_keeps_nothing() -> None:
    log = _Log()
    log.beats(_FIRST)
    log.recalls(_FIRST, status=400)
    log.uploads_slim(_FIRST)
    log.keeps(_FIRST, "chunks")
    log.calls_model(_FIRST, "sop")
    log.keeps(_FIRST, "chunks", "ledger")
    log.recalls(_SECOND, "chunks", "ledger")
    log.uploads_slim(_SECOND)
    log.calls_model(_SECOND, "sop")
    assert log.deeds() == Deeds(calls=2, transcodes=2, calls_again=0, transcodes_again=0, stray_calls=0)


def test_a_checkpoint_that_comes_after_the_next_worker_has_looked_is_nothing_it_could_know() -> None:
    log = _Log()
    _first_worker(log)
    log.recalls(_SECOND, "slim")
    log.keeps(_FIRST, "slim", "chunks")
    log.calls_model(_SECOND, "transcribe")
    assert log.deeds().calls_again == 0


def test_a_worker_that_does_not_look_repeats_what_was_kept() -> None:
    log = _Log()
    _first_worker(log)
    log.keeps(_FIRST, "slim", "chunks", status=0)
    log.beats(_SECOND)
    log.uploads_slim(_SECOND)
    log.calls_model(_SECOND, "transcribe")
    assert (log.deeds().calls_again, log.deeds().transcodes_again) == (1, 1), "stored, though the answer reached nobody"


def test_what_was_refused_does_not_count() -> None:
    log = _Log()
    log.beats(_FIRST)
    log.recalls(_FIRST, status=400)
    log.recalls(_FIRST, status=503)
    log.uploads_slim(_FIRST)
    log.calls_model(_FIRST, "transcribe", status=503)
    log.recalls(_SECOND, status=404)
    log.uploads_slim(_SECOND)
    assert log.deeds() == Deeds(calls=0, transcodes=2, calls_again=0, transcodes_again=0, stray_calls=0)


def test_a_call_of_nobody_is_told() -> None:
    log = _Log()
    log.calls_model("10.0.0.9", "sop")
    assert log.deeds().stray_calls == 1
