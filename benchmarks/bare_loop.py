"""Creates VideoJobs and Jobs and does nothing else: how fast the API server takes them from this client.

`KUBECONFIG=... python -m benchmarks.bare_loop NAMESPACE COUNT`, a process of its own, as the operator is. Everything is
built before the clock starts, but for the owner that a Job has to name. Prints the seconds.
"""

import asyncio
import sys
from uuid import UUID

from benchmarks.site import operator_settings
from runops.job_row import Claim, JobRow
from runops_operator.config import OperatorConfig
from runops_operator.garbage import spare_the_collector
from runops_operator.intake.confirm import ADOPTIONS_AT_ONCE
from runops_operator.kubernetes_api.api_server import ApiServer
from runops_operator.kubernetes_api.kubernetes_cluster import KubernetesCluster
from runops_operator.kubernetes_api.login import log_in
from runops_operator.manifests.build_job import build_job
from runops_operator.manifests.build_videojob import build_videojob
from runops_operator.manifests.observed import parse_videojob

__all__ = ["create_all"]


async def create_all(namespace: str, count: int) -> float:
    """Create so many VideoJobs with their Jobs, as many at once as the operator does; return the seconds."""
    config = OperatorConfig.model_validate(operator_settings(namespace))
    user = UUID(int=1)
    manifests = []
    for number in range(count):
        row = JobRow(job_id=UUID(int=number, version=4), status="processing", metadata={"user_id": str(user)})
        claim = Claim(claim=str(UUID(int=count + number, version=4)), by=config.installation)
        manifests.append((build_videojob(row, claim, user, config), claim.token))
    async with ApiServer(log_in) as api:
        cluster = KubernetesCluster(api, namespace)
        # The first connection is no more part of it than the operator's start.
        [job async for job in cluster.list_jobs()]
        left = iter(manifests)

        async def create() -> None:
            for manifest, token in left:
                videojob = parse_videojob(await cluster.create_videojob(manifest))
                assert videojob.spec is not None
                await cluster.create_job(build_job(videojob, videojob.spec, token, config))

        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.gather(*(create() for _ in range(ADOPTIONS_AT_ONCE)))
        return loop.time() - began


if __name__ == "__main__":
    spare_the_collector()
    print(asyncio.run(create_all(sys.argv[1], int(sys.argv[2]))))
