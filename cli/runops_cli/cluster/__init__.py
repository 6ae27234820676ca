"""The cluster, through `kubectl`: VideoJobs, pods and the logs of workers."""
