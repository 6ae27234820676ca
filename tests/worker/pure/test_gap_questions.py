"""What the owner is asked about the gaps of a transcript."""

from runops.quality import Gap, GapReason
from runops_worker.sop.gap_questions import gap_questions
from runops_worker.sop.wording.sentences import ENGLISH


def gap(start: float, end: float, reason: GapReason = "refused") -> Gap:
    return Gap(start=start, end=end, reason=reason)


def test_there_is_one_question_for_each_gap() -> None:
    first, second = gap_questions([gap(60, 90.4), gap(100, 3700, "not_covered")], ENGLISH)
    why = "It was not transcribed: the model"
    assert first == f"What happens in the recording from 00:01:00 to 00:01:30? {why} refused it."
    assert second == f"What happens in the recording from 00:01:40 to 01:01:40? {why}'s answer left it out."
    assert gap_questions([], ENGLISH) == ()


def test_of_many_gaps_there_is_one_question_for_each_reason() -> None:
    refused = [gap(10 * number, 10 * number + 5) for number in range(12)]
    first, second = gap_questions([*refused, gap(500, 510, "empty")], ENGLISH)
    assert "00:08:20 to 00:08:30?" in first
    assert "00:01:30 to 00:01:35 and 2 more?" in second
    assert "00:01:40" not in second


def test_ten_gaps_have_a_question_each_and_of_eleven_the_last_ones_are_counted() -> None:
    ten = [gap(10 * number, 10 * number + 5) for number in range(10)]
    assert len(gap_questions(ten, ENGLISH)) == 10
    first, second = gap_questions([*ten, gap(500, 510, "empty")], ENGLISH)
    assert "more" not in first + second
    (only,) = gap_questions([*ten, gap(200, 205)], ENGLISH)
    assert "00:01:30 to 00:01:35 and 1 more?" in only
