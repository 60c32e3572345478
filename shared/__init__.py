"""What the services have in common. Imported before any model of a service is defined."""

from pydantic import BaseModel

# A model's validator is built when the model is first used. Half of all models, FastAPI's own of OpenAPI among them, are not used in
# most processes, and building all of them at import took a seventh of a start. `shared.http.QueryModel` is the exception.
BaseModel.model_config["defer_build"] = True
