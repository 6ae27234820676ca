"""Figures of all chunks."""

from runops.quality import Gap, TranscriptQuality
from runops_worker.transcription.transcript_quality import quality_of
from tests.worker.pure.chunk_answers import clicks, played, refusing, repaired, whole


def test_quality_sums_up_all_chunks() -> None:
    one = played(refusing(70)).model_copy(update={"settled": 3})
    other = repaired(whole(*clicks(1, 5, 9), bad=17))
    assert quality_of([one, other], [], first_model="m") == TranscriptQuality(
        settled=3,
        dropped=17,
        repaired=3,
        asked_again=6,
        gaps=(Gap(start=1039, end=1078, reason="refused"),),
    )
