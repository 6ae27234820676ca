"""Progress: how far the video is, how often that is written, and where to."""
