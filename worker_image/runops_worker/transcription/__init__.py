"""From chunks of the slim video to one transcript.

A chunk is a time range of the recording. A clip is the file of one chunk, or of a part of it that is asked about again.
"""
