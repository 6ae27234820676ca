"""A row that is being adopted takes its slot before the intake claims more."""

import asyncio
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from runops.job_row import Claim, stamped_metadata
from tests.operator.world import CONFIG, World


async def test_the_intake_claims_nothing_while_the_row_watch_still_adopts_a_row() -> None:
    world = World(CONFIG.model_copy(update={"max_concurrent": 1}))
    claim = Claim(claim=str(uuid4()), by=CONFIG.installation)
    world.jobs.add(status="processing", metadata=stamped_metadata(None, claim))
    queued = world.jobs.add()
    create, asked, may_answer = world.cluster.create_videojob, asyncio.Event(), asyncio.Event()

    async def slow(manifest: Mapping[str, Any]) -> dict[str, Any]:
        asked.set()
        await may_answer.wait()
        return await create(manifest)

    world.cluster.create_videojob = slow  # type: ignore[method-assign]
    async with asyncio.timeout(5):
        watch = asyncio.create_task(world.rows.once())
        await asked.wait()
        claiming = asyncio.create_task(world.intake.claim_what_fits())
        # Long enough for a claim that does not wait for the adoption.
        for _ in range(50):
            await asyncio.sleep(0)
        may_answer.set()
        await watch
        assert await claiming == 0
    assert world.jobs.rows[queued].status == "queued", "the adopted row has the only slot"
