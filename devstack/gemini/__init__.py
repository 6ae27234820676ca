"""A stand-in for the Gemini Developer API that speaks its wire protocol and answers from what it is given.

Start it with ``python -m devstack.gemini``; tell it how to behave with `devstack.gemini.control.GeminiControl`.
What it checks and where it differs from the real service is written in ``docs/gemini-stand-in.md``.
"""
