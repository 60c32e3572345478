"""Counters of the Fund's branches, and of the patient support services of providers."""
