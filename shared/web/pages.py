"""Page rendering: a template environment per language, so that macros and formats use it without a parameter."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import CodeType
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from jinja2 import BytecodeCache, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from starlette.applications import Starlette
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from shared.auth import Role
from shared.domain.labels import Language
from shared.language.danger_advice import danger_advice
from shared.web.doors import APP, BOT, menu_of
from shared.web.formats import Formats
from shared.web.i18n import SHARED_LOCALES, Translations
from shared.web.languages import COOKIE, LANGUAGES, language_of

_HERE: Final = Path(__file__).parent
_SHORT: Final = {"kk": "Қаз", "ru": "Рус", "en": "Eng"}
_YEAR: Final = 365 * 86400
FORMATS: Final = ("number", "percent", "date", "datetime", "duration")
"""Filters of templates that write a value as the reader's language does."""


class _CompiledTemplates(BytecodeCache):
    """The code of templates, compiled once in a process: the same for every language and application.

    Jinja computes a filter of a constant when it compiles, so no template applies a format, which depends on the language, to one.
    """

    def __init__(self) -> None:
        self._compiled: dict[str, tuple[str, CodeType | None]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        checksum, code = self._compiled.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._compiled[bucket.key] = bucket.checksum, bucket.code


_COMPILED: Final = _CompiledTemplates()


class Viewer(NamedTuple):
    """The signed-in person as the top bar shows it. Set `request.state.viewer`. The roles decide which menu is shown."""

    label: str
    role_label: str = ""
    roles: frozenset[Role] = frozenset()


class Flash(NamedTuple):
    """A message shown once after a redirect. `kind` is `good`, `warn`, `bad` or empty."""

    text: str
    kind: str = "good"


class Pages:
    """The pages of one application: its templates, messages and static files on top of the shared ones."""

    def __init__(
        self,
        *template_dirs: Path,
        locale_dirs: Sequence[Path] = (),
        static_dirs: Sequence[Path] = (),
        assets_prefix: str | None = None,
        flashes: Mapping[str, Flash] | None = None,
    ) -> None:
        """Find templates and catalogs; those of a language are loaded when its first page is shown.

        `assets_prefix` is the path of the static files, such as `/static`. None means the application's own root path, where
        `mount_static` puts them: it works for a service alone and for one mounted in the suite.
        """
        self.translations = Translations([SHARED_LOCALES, *locale_dirs])
        self._static_dirs = [_HERE / "static", *static_dirs]
        self._versions = {path.name: _version(path) for directory in self._static_dirs for path in directory.iterdir() if path.is_file()}
        self._assets_prefix = assets_prefix
        self._flashes = dict(flashes or {})
        self._loader = ChoiceLoader([FileSystemLoader(directory) for directory in (*template_dirs, _HERE / "templates")])
        self._environments: dict[Language, Environment] = {}

    def render(self, request: Request, name: str, status: int = 200, **context: Any) -> HTMLResponse:
        """Render the page `name` in the visitor's language. A choice made by `?lang=` is stored in a cookie."""
        return self.render_in(language_of(request), request, name, status, **context)

    def render_in(self, language: Language, request: Request, name: str, status: int = 200, **context: Any) -> HTMLResponse:
        """Render a page for another reader, whose language is `language`."""
        text = self._environment(language).get_template(name).render(self._context(request, language) | context)
        response = HTMLResponse(text, status, headers={"content-language": language})
        if request.query_params.get("lang") == language:
            secure = request.url.scheme == "https"
            response.set_cookie(COOKIE, language, max_age=_YEAR, path="/", secure=secure, httponly=True, samesite="lax")
        return response

    def redirect(self, url: str, *, flash: str | None = None) -> RedirectResponse:
        """Redirect with 303 after a post. `flash` is a code of the table given at construction. Raises KeyError for another code."""
        if flash is None:
            return RedirectResponse(url, 303)
        _ = self._flashes[flash]
        return RedirectResponse(str(URL(url).include_query_params(flash=flash)), 303)

    def text(self, request: Request, message: str, **values: object) -> str:
        """Translate one message and fill in its `%(name)s` values."""
        translated = self.translations.gettext(language_of(request), message)
        return translated % values if values else translated

    def mount_static(self, app: Starlette) -> None:
        """Serve the static files under `assets_prefix`, or under `/static` of this application."""
        app.mount(self._assets_prefix or "/static", _Assets(self._static_dirs), name="static")

    def asset_url(self, request: Request, name: str) -> str:
        """Return the versioned URL of a static file. Raises KeyError for an unknown file."""
        prefix = self._assets_prefix if self._assets_prefix is not None else request.scope.get("root_path", "") + "/static"
        return f"{prefix}/{name}?v={self._versions[name]}"

    def _environment(self, language: Language) -> Environment:
        if language not in self._environments:
            self._environments[language] = self._made_environment(language)
        return self._environments[language]

    def _made_environment(self, language: Language) -> Environment:
        environment = Environment(
            loader=self._loader,
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            bytecode_cache=_COMPILED,
            extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        )
        environment.install_gettext_translations(self.translations.of(language), newstyle=True)  # type: ignore[attr-defined]
        formats = Formats(language)
        for name in FORMATS:
            environment.filters[name] = getattr(formats, name)
        environment.globals["danger_advice"] = danger_advice(language)
        return environment

    def _context(self, request: Request, language: str) -> dict[str, Any]:
        path: str = request.scope["path"]
        viewer: Viewer | None = getattr(request.state, "viewer", None)
        menu = menu_of(viewer.roles if viewer else frozenset())
        return {
            "request": request,
            "language": language,
            "languages": [(code, _SHORT[code], name, _here_in(request, code)) for code, name in LANGUAGES.items()],
            "navigation": menu,
            "here": max((door.path for door in menu if door.covers(path)), key=len, default=None),
            "path": path,
            "viewer": viewer,
            "app_link": APP,
            "bot_link": BOT,
            "flash": self._flashes.get(request.query_params.get("flash", "")),
            "static": lambda name: self.asset_url(request, name),
        }


class _Assets(StaticFiles):
    """Static files from several folders. The content of a versioned URL never changes, so clients may cache it without limit."""

    def __init__(self, directories: Sequence[Path]) -> None:
        super().__init__(directory=directories[0])
        self.all_directories = list(directories)

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = scope.get("query_string", b"").startswith(b"v=")
        response.headers["cache-control"] = f"public, max-age={_YEAR}, immutable" if versioned else "public, max-age=300"
        return response


def _version(path: Path) -> str:
    return hashlib.blake2b(path.read_bytes(), digest_size=6).hexdigest()


def _here_in(request: Request, language: str) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in {"lang", "flash"}]
    return "?" + urlencode([*kept, ("lang", language)])
