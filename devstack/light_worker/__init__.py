"""A stand-in for `runops_worker`, for hundreds of videos at once.

It stands for the worker's dealings with the row, the tables and the storage, through the product's own adapters: the
look at the claim, heartbeats, checkpoints, fenced writes, exit codes, the last word. It does no transcode and asks no
model: where the worker would do that it sleeps, and writes down in a `Ledger` that it would have cost something.
"""

from devstack.light_worker.fate import Fate
from devstack.light_worker.ledger import Ledger
from devstack.light_worker.worker import LightWorker, Pace

__all__ = ["Fate", "Ledger", "LightWorker", "Pace"]
