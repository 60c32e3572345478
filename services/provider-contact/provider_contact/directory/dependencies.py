"""The request dependency by which routes get the directory."""

from typing import Annotated

from fastapi import Depends, Request

from provider_contact.directory.service import Directory


async def get_directory(request: Request) -> Directory:
    """Return the directory that the application was started with."""
    directory: Directory = request.app.state.directory
    return directory


DirectoryDep = Annotated[Directory, Depends(get_directory)]
