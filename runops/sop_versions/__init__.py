"""Versions of one job's SOP: what was generated, what people made of it, and what is generated now. Pure."""
