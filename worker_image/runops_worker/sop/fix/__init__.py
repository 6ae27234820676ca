"""Fixes what a model got wrong in a SOP, where there is one right answer, and asks about the rest. Pure.

`fix_graph` runs the modules in order; each is about one kind of fault.
"""
