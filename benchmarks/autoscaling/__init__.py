"""A burst of rows on a cluster that Karpenter makes nodes for: up from none, and down to none again.

etcd, API server, scheduler, controllers, Karpenter, kwok, the operator and its chart are the real programs. The
machines are not there, and the workers are light ones, which write real rows. Nodes take ten seconds to boot. Karpenter
has its own defaults (`WhenEmptyOrUnderutilized`, at once, a tenth of the nodes at a time), but for empty nodes, which
may go all at a time.
"""

from benchmarks.autoscaling.measuring import measure

__all__ = ["measure"]
