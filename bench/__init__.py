"""Measurements of the built site; each file is one, run by `python3 build.py bench [name]`."""
