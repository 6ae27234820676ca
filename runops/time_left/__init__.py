"""Position and time left of videos that wait or run, learned from finished ones. Pure.

`Pace.learned` takes finished videos, `expected_end` estimates one that runs, `queue_times` those that wait for a slot.
"""

from runops.time_left.expected_end import expected_end
from runops.time_left.finished import FinishedVideo
from runops.time_left.pace import ENOUGH, Pace
from runops.time_left.queue_times import Place, Queue, position, queue_times
from runops.time_left.range import TimeLeft
from runops.time_left.unfinished import UnfinishedVideo

__all__ = [
    "ENOUGH",
    "FinishedVideo",
    "Pace",
    "Place",
    "Queue",
    "TimeLeft",
    "UnfinishedVideo",
    "expected_end",
    "position",
    "queue_times",
]
