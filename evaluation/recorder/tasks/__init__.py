"""One script for each task."""
