"""Runs of the operator against a stack: installed or as a process, with rows to claim and a view of the tables."""
