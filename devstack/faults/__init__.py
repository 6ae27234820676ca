"""Failures of a stand-in on command.

A stand-in installs a `FaultBox` into its aiohttp application. With a `FaultControl`, over HTTP, a test then says which
of the next requests fail and how. The faults act on the wire, so the client under test meets exactly what a broken
network or server would send.
"""

from devstack.faults.control import FaultControl
from devstack.faults.fault import CONTROL_PREFIX, Fault, FaultKind, RequestRecord, redact
from devstack.faults.fault_box import LOG_LIMIT, FaultBox, note_members

__all__ = [
    "CONTROL_PREFIX",
    "LOG_LIMIT",
    "Fault",
    "FaultBox",
    "FaultControl",
    "FaultKind",
    "RequestRecord",
    "note_members",
    "redact",
]
