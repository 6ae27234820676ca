"""What a person sees of a row whose recording, user or earlier results are bad: end to end, from the row."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from devstack.stack import StackInfo
from runops.failures import Reason
from tests.bad_input.batch import GOOD, Case, Worked, assert_no_secret, assert_reads_well, worked_off
from tests.bad_input.recordings import MAX_BYTES, MAX_SECONDS, corpus, larger, longer, noisy_index

pytestmark = pytest.mark.slow("the first test runs a batch of bad rows through `runops work` for all of them")

NOBODY = "00000000-0000-4000-8000-00000000dead"

# name, recording (of the corpus where it is a word), reason, parts of the sentence, the way out
_RECORDINGS: tuple[tuple[str, Any, Reason, tuple[str, ...], str], ...] = (
    (
        "missing",
        None,
        Reason.SOURCE_MISSING,
        ("There is no recording at videos/raw/{job_id}.mp4.",),
        "Upload it and set the row back to queued.",
    ),
    ("empty", "empty", Reason.SOURCE_EMPTY, ("videos/raw/{job_id}.mp4 is an empty file.",), "queue the job again"),
    ("text", "text", Reason.NOT_A_VIDEO, ("The file is a text file, not a video recording.",), "MP4, MOV, WebM or MKV"),
    ("playlist", "playlist", Reason.NOT_A_VIDEO, ("playlist", "not a video recording"), "MP4, MOV, WebM or MKV"),
    ("ffconcat", "ffconcat", Reason.NOT_A_VIDEO, ("not a video recording",), "MP4, MOV, WebM or MKV"),
    (
        "truncated",
        "cut-off-index-last",
        Reason.MEDIA_CORRUPT,
        ("The recording's index is missing: the file was cut off before its end was written.",),
        "upload it again",
    ),
    (
        "wrong bytes in the index",
        noisy_index,
        Reason.MEDIA_CORRUPT,
        ("No track can be recognised in the recording: its index is damaged.",),
        "upload it again",
    ),
    (
        "half of it",
        "cut-off-index-first",
        Reason.MEDIA_CORRUPT,
        ("The recording is cut off: only ", " s of its 10 s can be read."),
        "upload it again",
    ),
    ("sound only", "sound-only", Reason.NO_VIDEO_STREAM, ("sound but no picture.",), "Record the screen"),
    (
        "too short",
        "too-short",
        Reason.MEDIA_TOO_SHORT,
        ("The recording is 0.3 s long; it must be at least 1 s.",),
        "Record at least one second.",
    ),
    (
        "too long",
        longer,
        Reason.MEDIA_TOO_LONG,
        ("The recording is 25 s long; the limit is 20 s.",),
        "Split the recording",
    ),
    (
        "too large",
        larger,
        Reason.MEDIA_TOO_LARGE,
        ("videos/raw/{job_id}.mp4 has 1.1 MB", "the limit is 1.0 MB."),
        "Record at a lower resolution",
    ),
    (
        "huge picture",
        "huge-picture",
        Reason.PICTURE_TOO_LARGE,
        ("16384 x 8192 (134 million pixels); the limit is 36 million pixels.",),
        "lower resolution",
    ),
    (
        "gap",
        "gap",
        Reason.TIMESTAMP_GAP,
        ("The recording's timestamps jump by 25 h", "the longest gap allowed is 30 min."),
        "Export the recording again",
    ),
)


def _recording(folder: Path, what: Any) -> Any:
    if what is None:
        return None
    return corpus(folder, what) if isinstance(what, str) else partial(what, folder)


def _cases(folder: Path) -> list[Case]:
    plain = corpus(folder, "plain")
    return [
        Case(
            name="cleaned up before its turn",
            reason=Reason.SOURCE_MISSING,
            hours_old=80,
            says=("There is no recording at videos/raw/{job_id}.mp4.", "first queued 3 days ago", "after a day"),
            way_out="Upload it again and set the row back to queued.",
        ),
        *(
            Case(name=name, file=_recording(folder, what), reason=reason, says=says, way_out=way_out)
            for name, what, reason, says, way_out in _RECORDINGS
        ),
        Case(
            name="user no uuid",
            file=plain,
            reason=Reason.INVALID_USER,
            metadata={"user_id": "bob@example.com", "title": "kept"},
            says=("metadata.user_id of the row is 'bob@example.com', which is not a UUID.",),
            way_out="Put the uploader's UUID there, or remove the key.",
        ),
        Case(
            name="user of nobody",
            file=plain,
            reason=Reason.INVALID_USER,
            metadata={"user_id": NOBODY},
            says=(f"metadata.user_id of the row is {NOBODY}, and there is no such user.",),
            way_out="Put the uploader's UUID there, or remove the key.",
        ),
        Case(
            name="two transcripts",
            file=plain,
            reason=Reason.DUPLICATE_RESULTS,
            says=("The table transcripts holds 2 rows for job {job_id}.",),
            way_out="Keep one of them and set the job back to queued.",
            transcripts=2,
        ),
    ]


CASES = {case.name: case for case in _cases(Path())}


@pytest.fixture(scope="module")
def worked(stack: StackInfo, recordings_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Worked:
    return worked_off(
        stack,
        _cases(recordings_folder),
        good=corpus(recordings_folder, "plain"),
        folder=tmp_path_factory.mktemp("rows"),
        options=("--max-bytes", str(MAX_BYTES), "--max-seconds", str(MAX_SECONDS)),
    )


@pytest.mark.parametrize("name", CASES)
def test_the_row_ends_in_error_with_its_reason_and_the_figures(worked: Worked, name: str) -> None:
    case, found = CASES[name], worked.rows[name]
    assert (found.row["status"], found.reason) == ("error", case.reason)
    for part in case.says:
        assert part.format(job_id=found.job_id) in found.row["error"]
    assert f"{found.job_id}  error: {found.row['error']}" in worked.output


@pytest.mark.parametrize("name", CASES)
def test_the_row_says_what_to_do(worked: Worked, name: str) -> None:
    assert CASES[name].way_out in worked.rows[name].row["error"]


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_reads_well(worked: Worked, name: str) -> None:
    assert_reads_well(worked.rows[name].row["error"])


@pytest.mark.parametrize("name", CASES)
def test_nothing_is_lost_and_nothing_half_done_is_left(worked: Worked, name: str) -> None:
    case, found = CASES[name], worked.rows[name]
    assert found.raw == found.uploaded
    assert found.calls == case.calls
    assert found.transcripts == case.transcripts
    assert found.sops == 0
    # A slim video is made only where the recording itself is good and its turn came.
    assert (found.slim is not None) == (case.calls > 0)
    assert {key: value for key, value in found.row["metadata"].items() if key != "runops"} == (case.metadata or {})
    assert found.row["completed_at"] is None
    assert found.model_files == []


def test_the_good_row_behind_them_is_completed(worked: Worked) -> None:
    good = worked.rows[GOOD]
    assert (good.row["status"], good.row["error"]) == ("completed", None)
    assert (good.transcripts, good.sops, good.calls) == (1, 1, 2)
    assert worked.exit_code == 1
    assert worked.scratch == []
    assert worked.took_up == [found.job_id for found in worked.rows.values()], "in the order of the queue"


def test_no_key_is_in_a_row_or_in_the_output(worked: Worked, stack: StackInfo) -> None:
    assert_no_secret(stack, worked.output)
    for found in worked.rows.values():
        assert_no_secret(stack, str(found.row))
