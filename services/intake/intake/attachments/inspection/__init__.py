"""What a file is and whether it is safe to pass on, decided in a process of its own (`__main__`) that knows nothing but the file.

Modules here import neither the service nor a web framework: the process starts in a fraction of a second and holds no secrets.
"""
