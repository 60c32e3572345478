"""The pages on which keepers write, review, publish, retire and compare articles. Everything works without scripts."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import ValidationError
from starlette.responses import Response

from routing.knowledge import service
from routing.knowledge.codes import ArticleAction, ArticleState, Attention
from routing.knowledge.dependencies import KEEPERS, PageKeeperDep
from routing.knowledge.errors import ArticleActionNotPossible, ArticleChanged, EarlierVersionStillValid, SecondPersonNeeded
from routing.knowledge.pages.article_form import REVISION, ArticleForm, form_of, form_sent, note_errors, read_form
from routing.knowledge.pages.common import ATTENTION_NAMES, FORM_LIMIT, PAGES, PART_NAMES, PATH, STATE_NAMES, subject_of
from routing.knowledge.policy import filled_in, parameters
from routing.knowledge.schemas import ArticleCommand, ArticleContent, KeeperView, NewArticle, VersionView
from routing.knowledge.service import keeping
from routing.knowledge.service.offering import uncovered_topics
from shared.auth import PagePrincipalDep, Principal, check_role
from shared.clock import Clock
from shared.dependencies import ClockDep, UnitsOfWorkDep
from shared.domain.regions import CENTRAL_OFFICE, regions
from shared.domain.taxonomy import taxonomy
from shared.errors import DomainError, InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.forms import read_fields
from shared.unit_of_work import UnitsOfWork
from shared.web.i18n import N_
from shared.web.languages import language_of
from shared.web.security import require_same_origin
from shared.web.viewer import show_viewer

router = APIRouter(include_in_schema=False, dependencies=[Depends(show_viewer)])
SAME_ORIGIN = [Depends(require_same_origin)]
OPEN: Final = (ArticleState.DRAFT, ArticleState.IN_REVIEW)
NOT_CHOSEN: Final = N_("Choose a topic, a category of complaints, or both.")
SECOND_PERSON: Final = N_("You wrote this version, so a colleague has to publish it.")
REVIEWER_MISSING: Final = N_("Say who has compared the text with its source: a department, a letter, a lawyer of the Fund.")
STILL_VALID: Final = N_(
    "The published version is valid today, and this one begins later: people would find nothing in between. "
    "Publish it on its first day, or write a separate article for the coming period."
)
SAVED_AT: Final = N_("Saved at %(time)s")


@router.get("/knowledge")
async def list_page(request: Request, principal: PagePrincipalDep, units: UnitsOfWorkDep, clock: ClockDep) -> Response:
    """Show every article, those that need their keeper first, and the topics without one."""
    if principal.is_anonymous:
        return _sign_in(request)
    check_role(principal, *KEEPERS)
    return await _list(request, units, clock, {})


@router.post("/knowledge", dependencies=SAME_ORIGIN)
async def begin_article(request: Request, keeper: PageKeeperDep, units: UnitsOfWorkDep, clock: ClockDep) -> Response:
    """Begin an article, and open the page on which it is written."""
    sent = await read_fields(request, limit=FORM_LIMIT)
    try:
        wanted = NewArticle.model_validate({name: sent.get(name) or None for name in ("topic", "category")})
        async with units.write() as work:
            article_id = await keeping.create_article(work, keeper, wanted)
    except (ValidationError, InvalidInput):
        return await _list(request, units, clock, sent)
    return PAGES.redirect(f"{PATH}/{article_id}")


@router.get("/knowledge/{article_id}")
async def article_page(request: Request, article_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep, clock: ClockDep) -> Response:
    """Show an article: the published text, the form of the next version, and all versions."""
    if principal.is_anonymous:
        return _sign_in(request)
    check_role(principal, *KEEPERS)
    return await _render(request, article_id, principal, units, clock)


@router.post("/knowledge/{article_id}/draft", dependencies=SAME_ORIGIN)
async def save_draft(request: Request, article_id: UUID, keeper: PageKeeperDep, units: UnitsOfWorkDep, clock: ClockDep) -> Response:
    """Save the form as the draft. A script gets the new revision; it saves while one types."""
    is_script = "application/json" in request.headers.get("accept", "")
    form = await _sent_form(request)
    saved = await _save(request, article_id, keeper, units, form)
    if is_script:
        time = clock.now().astimezone(regions()[CENTRAL_OFFICE].timezone)
        text = PAGES.text(request, SAVED_AT, time=f"{time:%H:%M}") if saved is not None else ""
        if saved is None and not form.conflict:
            raise InvalidInput.field(form.errors[0][0], "invalid", DETAILS["invalid"])
        return JSONResponse({"draft_version": saved, "saved": text})
    if saved is None:
        return await _render(request, article_id, keeper, units, clock, form=form, status=409 if form.conflict else 422)
    return PAGES.redirect(f"{PATH}/{article_id}", flash="saved")


@router.get("/knowledge/{article_id}/comparison")
async def comparison_page(
    request: Request, article_id: UUID, principal: PagePrincipalDep, units: UnitsOfWorkDep, clock: ClockDep
) -> Response:
    """Show what differs between two versions, which the address names."""
    if principal.is_anonymous:
        return _sign_in(request)
    check_role(principal, *KEEPERS)
    earlier, later = (_whole(request.query_params.get(name, "")) for name in ("earlier", "later"))
    async with units.read() as work:
        article = await keeping.read_article(work, article_id, service.local_day(clock.now()))
        comparison = await keeping.compare(work, article_id, earlier, later)
    return PAGES.render(
        request,
        "article_comparison.html",
        article=article,
        comparison=comparison,
        part_names={name: PAGES.text(request, text) for name, text in PART_NAMES.items()},
        address=f"{PATH}/{article_id}",
    )


@router.post("/knowledge/{article_id}/{action}", dependencies=SAME_ORIGIN)
async def change_article(
    request: Request, article_id: UUID, action: str, keeper: PageKeeperDep, units: UnitsOfWorkDep, clock: ClockDep
) -> Response:
    """Carry out an action. Submitting saves the form first, so a refusal loses nothing."""
    if action not in set(ArticleAction):
        raise NotFound
    wanted = ArticleAction(action)
    sent = await read_fields(request, limit=FORM_LIMIT)
    revision = _whole(sent.get(REVISION, ""))
    form: ArticleForm | None = None
    if wanted is ArticleAction.SUBMIT:
        form = form_sent(sent, revision)
        saved = await _save(request, article_id, keeper, units, form)
        if saved is None:
            return await _render(request, article_id, keeper, units, clock, form=form, status=409 if form.conflict else 422)
        revision = form.revision = saved
    try:
        command = ArticleCommand.model_validate(
            {"expected_revision": revision} | {name: sent[name] for name in ("reviewer", "note") if sent.get(name, "").strip()}
        )
        async with units.write() as work:
            article = await keeping.carry_out(work, keeper, article_id, wanted, command, service.local_day(clock.now()))
    except (ArticleChanged, ArticleActionNotPossible) as refusal:
        return PAGES.redirect(f"{PATH}/{article_id}", flash=refusal.code)
    except (InvalidInput, SecondPersonNeeded, EarlierVersionStillValid, ValidationError) as refusal:
        return await _refused(request, article_id, keeper, units, clock, refusal, form, sent)
    return PAGES.redirect(f"{PATH}/{article_id}" if article.versions else PATH, flash=action)


async def _refused(
    request: Request,
    article_id: UUID,
    keeper: Principal,
    units: UnitsOfWork,
    clock: Clock,
    refusal: Exception,
    form: ArticleForm | None,
    sent: Mapping[str, str],
) -> Response:
    """Show the page again with what was sent and what to do about the refusal."""
    status = refusal.status if isinstance(refusal, DomainError) else InvalidInput.status
    if isinstance(refusal, SecondPersonNeeded):
        return await _render(request, article_id, keeper, units, clock, refused=SECOND_PERSON, sent=sent, status=status)
    if isinstance(refusal, EarlierVersionStillValid):
        return await _render(request, article_id, keeper, units, clock, refused=STILL_VALID, sent=sent, status=status)
    errors = refusal.errors if isinstance(refusal, InvalidInput) else ()
    if not errors or any(each.field == "reviewer" for each in errors):
        return await _render(request, article_id, keeper, units, clock, refused=REVIEWER_MISSING, sent=sent, status=status)
    async with units.read() as work:
        article = await keeping.read_article(work, article_id, service.local_day(clock.now()))
    version = _open(article)
    content = version.content if version is not None else ArticleContent()
    form = form or form_of(content, article.revision)
    note_errors(request, form, errors, content)
    return await _render(request, article_id, keeper, units, clock, form=form, sent=sent, status=status)


async def _sent_form(request: Request) -> ArticleForm:
    sent = await read_fields(request, limit=FORM_LIMIT)
    return form_sent(sent, _whole(sent.get(REVISION, "")))


async def _save(request: Request, article_id: UUID, keeper: Principal, units: UnitsOfWork, form: ArticleForm) -> int | None:
    """Save a form and return the new revision, or None after noting in the form why it is not saved."""
    wanted = read_form(request, form)
    if wanted is None:
        return None
    try:
        async with units.write() as work:
            return await keeping.save_draft(work, keeper, article_id, wanted)
    except ArticleChanged as refusal:
        form.conflict = True
        form.revision = int(str(refusal.extra["current_revision"]))
        return None


async def _list(request: Request, units: UnitsOfWork, clock: Clock, sent: Mapping[str, str]) -> Response:
    day, language = service.local_day(clock.now()), language_of(request)
    written = service.written_language(language)
    async with units.read() as work:
        found = await keeping.list_articles(work, day)
        missing = uncovered_topics(await service.offered(work, day, unreviewed=True))
    codes = taxonomy()
    rows = [(each, each.questions[written] or each.code, subject_of(each.topic, each.category, language)) for each in found]
    return PAGES.render(
        request,
        "knowledge.html",
        InvalidInput.status if sent else 200,
        attentive=[row for row in rows if row[0].attention is not None],
        waiting=[row for row in rows if row[0].attention is None and row[0].open is not None],
        others=[row for row in rows if row[0].attention is None and row[0].open is None],
        missing=[codes.topics[code].label.in_(language) for code in missing],
        topics=[(code, topic.label.in_(language)) for code, topic in codes.topics.items()],
        categories=[(code, category.label.in_(language)) for code, category in codes.categories.items()],
        sent=sent,
        error=PAGES.text(request, NOT_CHOSEN) if sent else None,
        written=written,
        path=PATH,
        **_names(request),
    )


async def _render(
    request: Request,
    article_id: UUID,
    keeper: Principal,
    units: UnitsOfWork,
    clock: Clock,
    *,
    form: ArticleForm | None = None,
    refused: str | None = None,
    sent: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    async with units.read() as work:
        article = await keeping.read_article(work, article_id, service.local_day(clock.now()))
    language = language_of(request)
    written = service.written_language(language)
    published = next((each for each in article.versions if each.state is ArticleState.PUBLISHED), None)
    version = _open(article)
    shown = (version or published or article.versions[0]).content
    form = form or form_of(shown, article.revision)
    return PAGES.render(
        request,
        "knowledge_article.html",
        status,
        article=article,
        title=shown.texts()[written].question or article.code,
        subject=subject_of(article.topic, article.category, language),
        published=published,
        version=version,
        wrote=version is not None and keeper.subject in version.authors,
        published_texts=_texts(published),
        version_texts=_texts(version),
        form=form,
        is_refused=status != 200,  # noqa: PLR2004 - the page of a refused form
        refused=None if refused is None else PAGES.text(request, refused),
        sent=sent or {},
        figures=_figures(written),
        zone=regions()[CENTRAL_OFFICE].timezone,
        revision_name=REVISION,
        address=f"{PATH}/{article_id}",
        path=PATH,
        written=written,
        **_names(request),
    )


def _names(request: Request) -> dict[str, Mapping[ArticleState, str] | Mapping[Attention, tuple[str, str]]]:
    return {
        "state_names": {state: PAGES.text(request, text) for state, text in STATE_NAMES.items()},
        "attention_names": {attention: (PAGES.text(request, text), kind) for attention, (text, kind) in ATTENTION_NAMES.items()},
    }


def _texts(version: VersionView | None) -> list[tuple[str, str, str]]:
    """Return language, question and answer of a version, with the figures filled in."""
    if version is None:
        return []
    day = version.content.valid_from
    texts = version.content.texts().items()
    if day is None:
        return [(language, text.question, text.answer) for language, text in texts]
    return [(language, filled_in(text.question, language, day), filled_in(text.answer, language, day)) for language, text in texts]


def _figures(language: str) -> list[tuple[str, list[tuple[int, str]]]]:
    """Return the names of the parameters, each with its figures by year, the newest first."""
    found: dict[str, list[tuple[int, str]]] = {}
    for (code, year), parameter in sorted(parameters().items(), key=lambda item: -item[0][1]):
        found.setdefault(code, []).append((year, parameter.written(language)))
    return sorted(found.items())


def _open(article: KeeperView) -> VersionView | None:
    return next((version for version in article.versions if version.state in OPEN), None)


def _sign_in(request: Request) -> RedirectResponse:
    return RedirectResponse("/sign-in?" + urlencode({"next": request.url.path}), 303)


def _whole(text: str) -> int:
    """Return the number in a field; 0, which no revision is, for another text."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0  # noqa: PLR2004 - digits of a 32-bit number
