"""KEDA on a local cluster: it counts rows and creates as many Jobs.

KEDA's operator is the released program. Its metrics server and its admission webhooks, which take no part in creating
Jobs, are not there.
"""

from devstack.keda.manifests import ScaledJob
from devstack.keda.operator import POLLING_SECONDS, Keda, running_keda

__all__ = ["POLLING_SECONDS", "Keda", "ScaledJob", "running_keda"]
