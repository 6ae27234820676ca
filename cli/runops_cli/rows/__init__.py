"""Rows of `jobs` for a person: as a table, and line by line while they change."""
