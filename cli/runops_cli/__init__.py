"""`runops`, the command line."""
