"""What the services have in common. Imported before any model of a service is defined."""

import warnings

from pydantic import BaseModel
from pydantic.warnings import UnsupportedFieldAttributeWarning

# A model's validator is built when the model is first used. Half of all models, FastAPI's own of OpenAPI among them, are not used in
# most processes, and building all of them at import took a seventh of a start. `shared.http.QueryModel` is the exception.
BaseModel.model_config["defer_build"] = True
# FastAPI hides this warning while it builds the fields of a route, which now happens later: its aliases are those of parameters.
warnings.filterwarnings("ignore", category=UnsupportedFieldAttributeWarning)
