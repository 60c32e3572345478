"""Errors of the knowledge base."""

from shared.errors import DomainError


class ArticleChanged(DomainError):
    code, status, title = "article-changed", 409, "A colleague has changed the article meanwhile."


class ArticleActionNotPossible(DomainError):
    code, status, title = "article-action-not-possible", 409, "The article has no version in a state that allows this."


class SecondPersonNeeded(DomainError):
    code, status, title = "second-person-needed", 403, "Somebody who did not write this version has to publish it."


class EarlierVersionStillValid(DomainError):
    code, status, title = "earlier-version-still-valid", 409, "The version begins later, and the published one is still valid until then."
