"""`python -m analytics api|worker|migrate|replay`."""

from analytics.app import SERVICE, create_app
from analytics.settings import Settings
from shared.command import main

main(SERVICE, Settings, create_app)
