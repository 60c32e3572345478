"""A valid request for every operation of analytics that is a POST. None writes."""

from tests.security.concurrency import Call, Kind, Recipe, Recipes, Target


async def reconcile(target: Target) -> Call:
    headers = {"authorization": f"Bearer {target.world.token('analyst')}", "content-type": "text/csv"}
    return Call("/analytics/v1/reconciliations", headers, content=b"id,value,part_of\nt,10,\na,11,t\n")


RECIPES: Recipes = {("post", "/analytics/v1/reconciliations"): Recipe(reconcile, Kind.READ)}
