"""Why a job waits, runs or has ended: since when, until when, and what to do. Pure.

`explain` takes a row, and says more with its VideoJob and with what is known of the queue.
"""

from runops.why_waiting.explain import explain
from runops.why_waiting.explanation import Explanation, State
from runops.why_waiting.queue_state import QueueState

__all__ = ["Explanation", "QueueState", "State", "explain"]
