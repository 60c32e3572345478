from routing.app import SERVICE, create_app
from routing.settings import Settings
from shared.command import main

main(SERVICE, Settings, create_app)
