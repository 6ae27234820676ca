"""Understands requests and refuses those that the API refuses."""
