"""Retry, cancel, pause and resume: counted first, then done, with a count for each outcome."""
