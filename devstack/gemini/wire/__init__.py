"""Bodies and errors as they are on the wire."""
