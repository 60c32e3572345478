"""Files that people send: received, inspected, stored encrypted, scanned, and downloaded. Services add whose they are."""
