"""Pictures of single seconds of a video."""
