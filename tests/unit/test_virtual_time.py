"""The loop that passes time instead of waiting."""

import asyncio
import time

import pytest

pytestmark = pytest.mark.virtual_time


async def test_timers_fire_in_their_order_and_at_their_time() -> None:
    begun, real = asyncio.get_running_loop().time(), time.monotonic()
    fired: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        fired.append((name, round(asyncio.get_running_loop().time() - begun, 3)))

    await asyncio.gather(sleeper("day", 86400), sleeper("blink", 0.1), sleeper("hour", 3600))
    assert fired == [("blink", 0.1), ("hour", 3600), ("day", 86400)]
    assert time.monotonic() - real < 3600


async def test_a_timeout_runs_out_only_when_nothing_else_is_left_to_do() -> None:
    async with asyncio.timeout(0.001):
        for _ in range(10_000):
            await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.Event().wait()
