"""When VideoJobs are expected to end, learned from those that ended before, and shown in their status."""
