"""What `runops check` asks of the models and of the cluster, and the form of its findings."""
