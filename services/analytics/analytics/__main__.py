"""`python -m analytics api|worker|migrate|replay|rebuild`."""

import shared.start  # noqa: F401 - first: no garbage is collected during the start
from analytics.app import SERVICE, create_app
from analytics.settings import Settings
from shared.command import main

main(SERVICE, Settings, create_app)
