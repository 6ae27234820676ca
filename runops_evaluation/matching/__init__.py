"""Which seen event is which true event, and which step is which step."""
