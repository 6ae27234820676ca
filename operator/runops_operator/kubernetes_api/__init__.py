"""How the operator speaks to the Kubernetes API server."""
