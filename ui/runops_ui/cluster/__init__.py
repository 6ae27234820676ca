"""What a cluster adds to the tables: VideoJobs, pods, events, spending."""
