"""Work on the facts that is no reaction to an event: rollups by the clock, and the rebuild by command."""

from analytics.facts.jobs.rebuild import Rebuild, Rebuilt, Stage
from analytics.facts.jobs.rollups import REFRESH_EVERY, refresh_rollups
from analytics.facts.jobs.summary import LoggedProgress, summary

__all__ = ["REFRESH_EVERY", "LoggedProgress", "Rebuild", "Rebuilt", "Stage", "refresh_rollups", "summary"]
