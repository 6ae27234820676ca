"""Uploaded files: received, measured, kept, removed."""
