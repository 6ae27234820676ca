"""Starts a gold recording from a job of the product."""
