"""What is known of the cluster, and how it comes in: kopf's watches, a store, a work queue, listings."""
