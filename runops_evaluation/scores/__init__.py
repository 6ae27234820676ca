"""The scores of one recording. Pure."""
