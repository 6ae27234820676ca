"""Turns a clip into a `Reading`, in the environment of `devstack.gemini_reading.environment`."""
