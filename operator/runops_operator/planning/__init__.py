"""What to do about one VideoJob. Pure."""
