"""Which Go programs a cluster is made of, and how they are built."""
