"""The slim video of a recording: the pictures that are decoded, the ffmpeg command, the checks and the chunks."""
