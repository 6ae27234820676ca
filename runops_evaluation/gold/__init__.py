"""Recordings whose true events and true SOP are known."""
