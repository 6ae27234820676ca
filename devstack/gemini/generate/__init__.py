"""Generate calls: from a request to an answer, whole or as a stream."""
