"""`tandem demo`: accounts become customers before one's eyes, over the public API alone, and every number is checked.

It starts an installation of its own beside any other, in a directory that it throws away.
"""
