"""`python -m provider_contact {api,worker,migrate,replay}`."""

import shared.start  # noqa: F401 - first: no garbage is collected during the start
from provider_contact.app import SERVICE, create_app
from provider_contact.settings import Settings
from shared.command import main

if __name__ == "__main__":
    main(SERVICE, Settings, create_app)
