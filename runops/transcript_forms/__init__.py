"""A transcript in forms that people and players read."""
