"""Which times are asked about again of a real screen: twelve orders, and a wait of 40 s after each."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from runops.transcript import TranscriptItem
from runops_worker.media.transcode.activity import Activity
from runops_worker.transcription.coverage import uncovered
from tests.worker.pure.items import clicked, said

MEASURED: dict[str, Any] = json.loads(Path(__file__).with_name("twelve_minutes.json").read_text("utf-8"))
SEEN: list[float] = MEASURED["seen"]
BEGINS = [0.0, *(later for earlier, later in pairwise(SEEN) if later - earlier > 25), 800.0]
ORDERS = list(pairwise(BEGINS))


def asked_again(*, without: tuple[float, float] = (0.0, 0.0)) -> list[tuple[float, float]]:
    """Return what is asked again where the answers tell all that happened but for a stretch."""
    begin, end = without
    items: list[TranscriptItem] = [clicked(at, "x") for at in SEEN]
    items += [said(start, words, end=until) for start, until, words in MEASURED["said"]]
    found: list[tuple[float, float]] = []
    for chunk in MEASURED["chunks"]:
        start, stop = chunk["start"], chunk["start"] + chunk["length"]
        kept = [item for item in items if start <= item.start < stop and not begin <= item.start < end]
        changed, loud = (tuple(bit == "1" for bit in chunk[name]) for name in ("changed", "loud"))
        found += uncovered(kept, Activity(int(start), changed, loud), start=start, end=stop, most=3)
    return found


def test_where_nothing_is_missing_only_the_closing_of_the_browser_is_asked_about() -> None:
    ((begin, end),) = asked_again()
    assert begin > 670
    assert end - begin <= 46


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: f"{order[0]:.0f}")
def test_an_order_that_is_left_out_is_asked_about_whole(order: tuple[float, float]) -> None:
    gone = [at for at in SEEN if order[0] <= at < order[1]]
    found = asked_again(without=order)
    assert all(any(begin <= at <= end for begin, end in found) for at in gone)


def test_little_is_asked_about_besides_what_is_left_out() -> None:
    seconds = [sum(end - begin for begin, end in asked_again(without=order)) for order in ORDERS]
    assert max(seconds) <= 200
