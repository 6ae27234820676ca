"""Kubernetes objects: reading and building them. Pure."""
