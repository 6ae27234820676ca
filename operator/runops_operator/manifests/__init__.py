"""Objects of Kubernetes as they are read and built. Pure."""
