"""How a queue is named."""


def queue_of(region: str, tier: int, language: str) -> str:
    """Branch, tier and language: `KZ-43/2/kk`."""
    return f"{region}/{tier}/{language}"
