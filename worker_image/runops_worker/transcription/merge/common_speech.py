"""Finds the speech that two neighbouring chunks both report. Pure.

The later chunk starts in the middle of a sentence, so its words are the end of what the earlier chunk has: the end of
one text is aligned with the beginning of the other.
"""

from collections.abc import Sequence

from rapidfuzz import fuzz

from runops_worker.transcription.merge.spoken_words import SpokenWord

__all__ = ["MOST_APART", "Step", "common_speech"]

MOST_APART = 6.0
"""Seconds between two reports of one word: 3 s for the wrong times of two chunks, the rest for uneven speech."""
_MOST_WORDS = 300
"""More words than are spoken in the overlap and around it."""
_SIMILAR = 75.0
_LEAST_LETTERS = 4
_LEAST_SCORE = 0.3
_ALONE = -0.5
_OTHER_WORD = -0.8
_INAUDIBLE = "inaudible"

Step = tuple[SpokenWord | None, SpokenWord | None]
"""A word of the earlier chunk, a word of the later chunk, or one word that both report."""


def common_speech(earlier: Sequence[SpokenWord], later: Sequence[SpokenWord]) -> list[Step]:
    """Return the steps from the first common word to the end of the earlier words or of what the later ones share.

    Before the first step only the earlier chunk has words, after the last one only the later chunk. Empty where
    nothing is common.

    The alignment with the highest score is taken. A common word counts by its length, up to four letters, and the less
    the farther apart the two times are, so that a word said twice is not taken for one.

    Parameters
    ----------
    earlier, later
        The words of a chunk and of the one after it, each in order; only those near the seam.
    """
    earlier, later = earlier[-_MOST_WORDS:], later[:_MOST_WORDS]
    rows, columns = len(earlier), len(later)
    # scores[i][j]: best alignment of words before i with words before j. Earlier words may be skipped at the beginning.
    scores = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for j in range(1, columns + 1):
        scores[0][j] = scores[0][j - 1] + _ALONE
    for i in range(1, rows + 1):
        for j in range(1, columns + 1):
            scores[i][j] = max(
                scores[i - 1][j - 1] + _score(earlier[i - 1], later[j - 1]),
                scores[i - 1][j] + _ALONE,
                scores[i][j - 1] + _ALONE,
            )
    end = max(range(columns + 1), key=lambda j: scores[rows][j])
    if scores[rows][end] < _LEAST_SCORE:
        return []
    return _steps(earlier, later, scores, end=end)


def _steps(
    earlier: Sequence[SpokenWord], later: Sequence[SpokenWord], scores: Sequence[Sequence[float]], *, end: int
) -> list[Step]:
    steps: list[Step] = []
    i, j = len(earlier), end
    while j > 0:
        if i > 0 and scores[i][j] == scores[i - 1][j - 1] + _score(earlier[i - 1], later[j - 1]):
            i, j = i - 1, j - 1
            steps.append((earlier[i], later[j]))
        elif i > 0 and scores[i][j] == scores[i - 1][j] + _ALONE:
            i -= 1
            steps.append((earlier[i], None))
        else:
            j -= 1
            steps.append((None, later[j]))
    return steps[::-1]


def _score(one: SpokenWord, other: SpokenWord) -> float:
    apart = abs(one.at - other.at)
    if apart > MOST_APART:
        return 3 * _ALONE
    if _INAUDIBLE in {one.plain, other.plain}:
        return 0.0
    if not _is_same(one, other):
        return _OTHER_WORD
    return 0.5 * min(len(one.plain), len(other.plain), _LEAST_LETTERS) * (1 - apart / MOST_APART)


def _is_same(one: SpokenWord, other: SpokenWord) -> bool:
    if one.plain == other.plain:
        return True
    if any(character.isdigit() for character in one.plain + other.plain):
        return False
    short, long = sorted((one.plain, other.plain), key=len)
    if len(short) < _LEAST_LETTERS:
        return False
    # A word at the edge of a chunk may be heard in part.
    return long.startswith(short) or long.endswith(short) or fuzz.ratio(short, long) >= _SIMILAR
