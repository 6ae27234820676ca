"""A small office on Django's own admin site, whose pages and looks are not ours (Django: BSD 3-Clause)."""
