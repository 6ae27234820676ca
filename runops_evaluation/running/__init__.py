"""Obtains the results of recordings."""
