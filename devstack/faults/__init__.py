"""Failures of a stand-in on command, set by a test over HTTP."""

from devstack.faults.fault import (
    CONTROL_PREFIX,
    LOG_LIMIT,
    Fault,
    FaultBox,
    FaultControl,
    FaultKind,
    RequestRecord,
    note_members,
    redact,
)

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
