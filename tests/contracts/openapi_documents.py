"""The OpenAPI documents of the four services: `python -m tests.contracts.openapi_documents FOLDER` writes one file for each."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SERVICES = ("intake", "routing", "provider-contact", "analytics")
METHODS = ("get", "head", "post", "put", "patch", "delete")


def document_of(service: str) -> dict[str, Any]:
    """The OpenAPI document of a service, as its `openapi.json` serves it."""
    document: dict[str, Any] = importlib.import_module(f"{service.replace('-', '_')}.app").create_app().openapi()
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every operation with its method and path."""
    for path, item in document["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in SERVICES:
        (folder / f"{name}.json").write_text(json.dumps(document_of(name), ensure_ascii=False))
