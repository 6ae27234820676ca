"""Pictures of procedures: where they come from, and how many are taken and kept at once."""
