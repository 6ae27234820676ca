"""Who works at the office, and their password; a page of its own, so that scripts read it without Django."""

__all__ = ["PASSWORD", "USER"]

USER = "clara.stone"
PASSWORD = "tide-Lamp-41"  # noqa: S105 - of a site that lives for a minute
