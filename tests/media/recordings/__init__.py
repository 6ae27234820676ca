"""Recordings drawn at random, and what a player shows and plays of them at each second.

`description` says what a recording is, `drawing` draws descriptions, `make` writes the file. `plain` decodes the file
with ffmpeg alone, `slim` lets the worker's code write a slim video of it, and `compare` finds where the two differ.
`tried` does all of this for many; `python -m tests.media.recordings` counts what became of them.
"""
