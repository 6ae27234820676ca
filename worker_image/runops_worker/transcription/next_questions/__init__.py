"""Decides what is asked next about a chunk, from what was answered. Pure.

Good items are kept and never asked for again. What an answer leaves out is asked for again, in a shorter range. A range
about which the model gives no answer is halved. A half that it refuses too goes to the next model, if there is one; the
last model halves on. What is still missing after that, or after the last call that is allowed, is lost: it becomes a
gap of the transcript.
"""
