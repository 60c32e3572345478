"""A rehearsal of `docs/operations/deploying.md`: its Compose commands, run with Docker on the built images, in namespaces of its own."""
