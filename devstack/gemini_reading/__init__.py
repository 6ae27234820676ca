"""Reads a recording: its letters, its speech, and what was done on its screen.

`reader/` runs in an environment of its own and turns a clip into a `recording.Reading`. Everything else is pure and
turns that into the answers of the Gemini stand-in's mode `reading`: `events` finds what was done, `transcript` writes
it down, `sop/` makes a procedure of the text of a transcript.
"""
