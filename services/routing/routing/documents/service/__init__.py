"""What the assembly and other slices use of the documents."""

from routing.documents.policy import texts as document_texts

__all__ = ["document_texts"]
