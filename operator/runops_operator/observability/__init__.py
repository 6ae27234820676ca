"""What the operator reports: metrics, Kubernetes events, traces."""
