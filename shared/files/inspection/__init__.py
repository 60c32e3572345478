"""Inspection of files in a separate process (`__main__`) that knows nothing but the file: its kind, and whether it is safe.

Modules here import neither the service nor a web framework: the process starts in a fraction of a second and holds no secrets.
"""
