"""Draining: what runs goes on, and nothing new is claimed."""
