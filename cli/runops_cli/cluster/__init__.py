"""The cluster, read and changed through `kubectl`: VideoJobs, pods, the worker's log."""
