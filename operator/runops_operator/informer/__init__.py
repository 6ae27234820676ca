"""The known state of the cluster and its sources: kopf's watches and listings fill a store and a work queue."""
