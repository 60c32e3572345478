"""Attachments: the files of appeals and messages, from upload to download."""
