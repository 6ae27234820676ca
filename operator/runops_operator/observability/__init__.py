"""What the operator tells: metrics, Kubernetes events, traces."""
