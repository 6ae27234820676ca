"""Counts the tokens of requests and answers."""
