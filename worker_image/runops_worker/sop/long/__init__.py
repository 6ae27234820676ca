"""SOPs of long recordings, whose transcript is too much for one question in full."""
