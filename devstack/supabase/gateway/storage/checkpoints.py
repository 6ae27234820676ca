"""What a checkpoint holds that is stored or given: the log of requests tells it, for the object is soon another."""

from __future__ import annotations

import json

from aiohttp import web

from devstack.faults import note_members
from devstack.supabase.gateway.storage.records import StoredObject
from devstack.supabase.gateway.storage.store import Store

_ENDING = ".checkpoint.json"


def note_checkpoint(request: web.Request, store: Store, stored: StoredObject) -> None:
    """Note what an object holds, where it is a checkpoint; call it before anything else can replace the object."""
    if not stored.name.endswith(_ENDING):
        return
    try:
        value = json.loads(store.path(stored).read_bytes())
    except ValueError:
        value = None
    note_members(request, value if isinstance(value, dict) else {})
