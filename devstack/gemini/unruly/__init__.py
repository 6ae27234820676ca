"""Spoils answers as models do: a catalogue of faults, each with the share of answers that has it."""
