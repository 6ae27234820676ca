"""A cluster of one node in Linux namespaces of this machine."""
