"""What a VideoJob says about the quality of its results."""

import pytest

from runops.quality import (
    MOST_GAPS,
    Gap,
    Quality,
    RecordingLoss,
    RecordingQuality,
    SopQuality,
    TranscriptQuality,
    edits_sentence,
    fallback_sentence,
    gaps_sentence,
    kept_gaps,
    losses_sentence,
)
from runops.report import Report, parse_report


def gap(start: float, end: float) -> Gap:
    return Gap(start=start, end=end, reason="refused")


def test_of_too_many_gaps_the_longest_are_kept_in_order_of_time() -> None:
    short = [gap(10 * number, 10 * number + 1) for number in range(MOST_GAPS)]
    long = [gap(5, 8), gap(2000, 2003)]
    kept = kept_gaps([*short, *long])
    assert len(kept) == MOST_GAPS
    assert set(long) < set(kept)
    assert list(kept) == sorted(kept, key=lambda one: one.start)


@pytest.mark.parametrize(
    ("quality", "sentence"),
    [
        (None, ""),
        (Quality(), ""),
        (Quality(transcript=TranscriptQuality(dropped=3)), ""),
        (
            Quality(transcript=TranscriptQuality(gaps=(gap(0, 90.4),))),
            "1 part of the recording (00:01:30) could not be transcribed; the SOP asks about it.",
        ),
        (
            Quality(transcript=TranscriptQuality(gaps=(gap(0, 60), gap(70, 80)))),
            "2 parts of the recording (00:01:10) could not be transcribed; the SOP asks about them.",
        ),
    ],
)
def test_the_sentence_about_gaps(quality: Quality | None, sentence: str) -> None:
    assert gaps_sentence(quality) == sentence


def test_a_report_with_many_gaps_stays_within_the_limit_and_keeps_its_message_and_cost() -> None:
    gaps = tuple(gap(10 * number, 10 * number + 5.125) for number in range(MOST_GAPS))
    report = Report(message="Done.", quality=Quality(transcript=TranscriptQuality(gaps=gaps), sop=SopQuality(steps=1)))
    data = report.encode()
    assert len(data) <= 4096
    parsed = parse_report(data.decode())
    assert parsed is not None
    assert (parsed.message, parsed.quality) == ("Done.", None)


def test_a_report_of_a_newer_version_with_more_counts_is_read() -> None:
    parsed = parse_report('{"message": "m", "quality": {"transcript": {"dropped": 2, "ofANewerVersion": 1}}}')
    assert parsed is not None
    assert parsed.quality == Quality(transcript=TranscriptQuality(dropped=2))


@pytest.mark.parametrize(
    ("transcript", "sop", "sentence"),
    [
        ((), None, ""),
        (("b",), None, "In place of the first model, b transcribed at least a part of the recording."),
        ((), "c", "In place of the first model, c wrote the SOP."),
        (
            ("b", "c"),
            "b",
            "In place of the first model, b and c transcribed at least a part of the recording, and b wrote the SOP.",
        ),
    ],
)
def test_fallback_models_that_answered_are_named(transcript: tuple[str, ...], sop: str | None, sentence: str) -> None:
    quality = Quality(
        transcript=TranscriptQuality(fallback_models=transcript), sop=SopQuality(fallback_model=sop, steps=1)
    )
    assert fallback_sentence(quality) == sentence


def test_the_sentence_about_losses_is_that_of_each() -> None:
    losses = (RecordingLoss(kind="cut_off", detail="One."), RecordingLoss(kind="pictures_damaged", detail="Two."))
    assert losses_sentence(Quality(recording=RecordingQuality(losses=losses))) == "One. Two."
    assert losses_sentence(None) == losses_sentence(Quality()) == ""


def test_without_quality_no_fallback_model_is_named() -> None:
    assert fallback_sentence(None) == fallback_sentence(Quality()) == ""


def test_the_sentence_about_edits() -> None:
    kept, conflict = (Quality(sop=SopQuality(edits=edits)) for edits in ("kept", "conflict"))
    assert edits_sentence(None) == edits_sentence(Quality(sop=SopQuality())) == ""
    assert "is in the new one, too" in edits_sentence(kept)
    assert "stays; the new one differs" in edits_sentence(conflict)
    assert Quality.model_validate(conflict.model_dump(mode="json", by_alias=True)) == conflict
