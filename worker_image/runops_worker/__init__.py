"""The pipeline that turns one recording into a slim video, a transcript and a SOP."""
