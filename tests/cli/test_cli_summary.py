"""What is printed for a completed video."""

from runops.quality import Gap, Quality, RecordingLoss, RecordingQuality, TranscriptQuality
from runops.report import Output, Report
from runops_cli.work.summary import summary


def test_parts_that_could_not_be_transcribed_are_named() -> None:
    gap = Gap(start=60, end=90, reason="refused")
    report = Report(quality=Quality(transcript=TranscriptQuality(gaps=(gap,))))
    assert summary(report, None) == [
        "1 part of the recording (00:00:30) could not be transcribed; the SOP asks about it.",
    ]
    assert summary(Report(quality=Quality(transcript=TranscriptQuality(dropped=2))), None) == []


def test_what_is_lost_of_the_recording_is_named() -> None:
    loss = RecordingLoss(kind="cut_off", detail="The end is missing.")
    assert summary(Report(quality=Quality(recording=RecordingQuality(losses=(loss,)))), None) == ["The end is missing."]


def test_a_page_that_is_missing_has_no_place() -> None:
    there = Output(name="page", location="videos/sops/a.html", size_bytes=1)
    missing = Output(name="page", location="videos/sops/a.html", problem="The bucket takes no HTML.")
    assert summary(Report(outputs=(there, missing)), None) == [
        "page: videos/sops/a.html",
        "page: missing. The bucket takes no HTML.",
    ]
