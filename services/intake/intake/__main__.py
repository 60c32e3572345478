import shared.start  # noqa: F401 - first: no garbage is collected during the start
from intake.app import SERVICE, create_app
from intake.settings import Settings
from shared.command import main

main(SERVICE, Settings, create_app)
