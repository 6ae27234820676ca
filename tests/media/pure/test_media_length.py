"""How much a header claims beyond what was read."""

import pytest

from runops_worker.media.recording.length import claims_too_much, missing_seconds


@pytest.mark.parametrize(
    ("claimed", "found", "end", "missing"),
    [
        (None, 20.0, 20.0, 0.0),
        (20.0, 20.0, 20.0, 0.0),
        (60.0, 20.0, 20.0, 40.0),
        (10.0, 20.0, 20.0, 0.0),
        # The recording begins at 4 s, and the header holds the time of the end.
        (24.0, 20.0, 24.0, 0.0),
        (10_820.0, 20.0, 10_820.0, 0.0),
        # It begins at 4 s, and the header holds the length.
        (20.0, 20.0, 24.0, 0.0),
    ],
)
def test_what_is_missing(claimed: float | None, found: float, end: float, missing: float) -> None:
    assert missing_seconds(claimed=claimed, found=found, end=end) == missing


@pytest.mark.parametrize(
    ("missing", "found", "too_much"), [(2.0, 5.0, False), (2.1, 5.0, True), (3.0, 97.0, False), (3.1, 97.0, True)]
)
def test_a_header_may_guess_a_little(missing: float, found: float, *, too_much: bool) -> None:
    assert claims_too_much(missing, found) is too_much
