"""Ratings of medical organisations and doctors by residents, with or without an appeal."""
