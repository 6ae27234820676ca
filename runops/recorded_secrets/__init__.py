"""Finds secrets in the words of a recording, and hides them."""
