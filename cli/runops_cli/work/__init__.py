"""The loop of `runops work`: claim a row, run the worker on it, decide on the next attempt."""
