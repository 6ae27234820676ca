import pytest

from tests.operator.world import World


@pytest.fixture
async def world() -> World:
    return World()
