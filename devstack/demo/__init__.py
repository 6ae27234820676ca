"""`make demo`: the whole path on this machine, from a queued recording to a SOP on a Kubernetes cluster."""

from devstack.demo.run import main

__all__ = ["main"]
