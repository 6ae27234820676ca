"""The pages: what is read for each, and what it is drawn from."""
