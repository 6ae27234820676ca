"""How fast a model may be called: quotas per minute, shared by every worker of an installation. Pure.

Nothing here reads a clock or waits. Times are seconds of any one clock that the caller chooses.
"""
