"""The commands of `runops`, one module each: its options, its help text, and what it calls."""
