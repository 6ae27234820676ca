"""What a recording is: its tracks, when they are shown and heard, which one is the screen, what is missing. Pure.

Probe, refusal, packet selection, slim command, chunks and the check afterwards read this model and count nothing
themselves. `probe.packets` and `probe.input_summary` fill it from what ffmpeg prints.
"""
