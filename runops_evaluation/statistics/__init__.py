"""Means over recordings, with intervals, and differences between two runs. Pure."""
