"""Rows of `jobs`, as a table and as lines that follow their changes."""
