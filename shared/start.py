"""Imported first by every command that starts a server: no garbage is collected until the start is over (`settle_memory`).

What a start creates stays, and collections took a fifth of its time.
"""

import gc

gc.disable()
