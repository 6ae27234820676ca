"""The part of the worker that touches bytes of strangers: it probes, slims and cuts recordings with ffmpeg."""
