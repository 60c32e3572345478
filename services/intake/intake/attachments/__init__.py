"""Files that come with appeals: see `service`."""
