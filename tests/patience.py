"""How long a test waits for something that should happen at once: generous, as the machine may be busy with something else."""

from typing import Final

PATIENCE: Final = 60.0
"""Seconds. Only a fault makes a test wait that long: a machine three times slower than ours needs a small part of it."""
