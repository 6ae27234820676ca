"""The SOP that people edited and the one that was generated anew: merged, or both kept."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Any

from runops.sop_versions.conflict import Conflict
from runops.sop_versions.merge import merge
from runops_worker.claimed_storage import ClaimedStorage
from runops_worker.sop.stored_sop import SopObject
from runops_worker.task import Task

__all__ = ["KeptEdits"]

_LOG = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class KeptEdits:
    """Decides what of the SOP in the table stays, when a new one is written.

    Attributes
    ----------
    task, storage
        Of the run.
    sop
        The new SOP.
    conflicts
        What cannot be merged; the SOP in the table then stays.
    keeps_edits
        Whether something that people edited is in the SOP that is written.
    """

    task: Task
    storage: ClaimedStorage
    sop: SopObject
    conflicts: tuple[Conflict, ...] = ()
    keeps_edits: bool = False
    _base: Any = field(default=None, init=False)
    _has_looked: bool = field(default=False, init=False)

    async def keep(self, there: Any) -> dict[str, Any] | None:
        """Return the SOP to write in place of the one that is there; None where that stays.

        Raises
        ------
        SupabaseError
            Storage did not answer.
        """
        await self._look()
        self.conflicts, self.keeps_edits = (), False
        if there is None:
            return self.sop.value
        if not isinstance(there, dict):
            self.conflicts = (Conflict("the SOP", "what is in the table is no object"),)
            return None
        base = self._base if isinstance(self._base, dict) else None
        # Beside the loop: an app may have written thousands of steps, and the heartbeat and a cancel would wait.
        merged = await asyncio.to_thread(merge, base, there, self.sop.value)
        self.conflicts, self.keeps_edits = merged.conflicts, merged.keeps_edits
        if merged.conflicts:
            _LOG.warning("the SOP in the table was edited and stays", extra={"conflicts": len(merged.conflicts)})
            return None
        return merged.sop

    async def settle(self) -> None:
        """Note on what the SOP in the table rests: on the new one, unless both are kept.

        It comes after the write: where a worker dies between the two, the next one merges the same again, and finds
        what it wrote. Before a job is run again there is nothing to note: the only generated SOP is the one.

        Raises
        ------
        Failed, SupabaseError
            It could not be noted.
        """
        await self._look()
        if self.conflicts:
            if self._base is None:
                # On nothing that was generated here.
                await self.storage.put_json(self.task.merged_sop_object, {})
        elif self._base is not None:
            await self.storage.put_json(self.task.merged_sop_object, self.sop.value)

    async def _look(self) -> None:
        if not self._has_looked:
            self._base = await self.storage.read_json(self.task.merged_sop_object)
            self._has_looked = True
