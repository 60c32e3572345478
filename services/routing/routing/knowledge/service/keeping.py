"""What keepers do with articles: write, review, publish, retire, compare. Who wrote a version does not publish it."""

from collections.abc import Sequence
from datetime import date
from itertools import count, groupby
from typing import Final
from uuid import UUID

from routing.knowledge import events, repository
from routing.knowledge.codes import ArticleAction, ArticleState, Attention
from routing.knowledge.errors import ArticleActionNotPossible, ArticleChanged, EarlierVersionStillValid, SecondPersonNeeded
from routing.knowledge.schemas import (
    ArticleCommand,
    ArticleContent,
    ArticleSummary,
    ChangedPart,
    KeeperView,
    NewArticle,
    SaveArticle,
    StoredVersion,
    VersionComparison,
    VersionView,
)
from routing.knowledge.service.checks import faults_of
from routing.knowledge.service.offering import attention_of
from routing.knowledge.service.publishing import publish, retire_version
from shared.auth import Principal
from shared.errors import FieldError, InvalidInput, NotFound
from shared.field_errors import DETAILS
from shared.unit_of_work import UnitOfWork

OPEN: Final = frozenset({ArticleState.DRAFT, ArticleState.IN_REVIEW})
_NEEDS: Final = {
    ArticleAction.SUBMIT: {ArticleState.DRAFT},
    ArticleAction.RETURN: {ArticleState.IN_REVIEW},
    ArticleAction.PUBLISH: {ArticleState.IN_REVIEW},
    ArticleAction.DISCARD: {ArticleState.DRAFT, ArticleState.IN_REVIEW},
    ArticleAction.RETIRE: {ArticleState.PUBLISHED},
}
"""The state of the version that each action is about."""


async def list_articles(work: UnitOfWork, day: date) -> list[ArticleSummary]:
    """Return every article by its code: those that need their keeper first."""
    versions = await repository.all_versions(work.session)
    found = [_summary(list(group), day) for _, group in groupby(versions, key=lambda version: version.article_id)]
    order = [*Attention, None]
    return sorted(found, key=lambda article: order.index(article.attention))


async def read_article(work: UnitOfWork, article_id: UUID, day: date) -> KeeperView:
    """Return an article with its versions. Raises NotFound."""
    return _view(await _versions(work, article_id), day)


async def create_article(work: UnitOfWork, principal: Principal, wanted: NewArticle) -> UUID:
    """Add an article with an empty draft, and return its id. Raises InvalidInput without topic and category."""
    if wanted.topic is None and wanted.category is None:
        raise InvalidInput(errors=[FieldError("topic", "required", DETAILS["required"])])
    article_id = work.ids.new()
    code = await _free_code(work, wanted.topic or wanted.category or "")
    row = {"article_id": article_id, "code": code, "topic": wanted.topic, "category": wanted.category, "revision": 1, "seed": None}
    if not await repository.add_articles(work.session, [row]):
        raise ArticleChanged
    await _add_draft(work, article_id, 1, ArticleContent(), principal)
    return article_id


async def save_draft(work: UnitOfWork, principal: Principal, article_id: UUID, wanted: SaveArticle) -> int:
    """Save the text of the unpublished version, or begin one, and return the new revision.

    A version in review becomes a draft again. Raises NotFound, ArticleChanged.
    """
    versions = await _locked(work, article_id, wanted.expected_revision)
    content = ArticleContent.model_validate(wanted.model_dump(exclude={"expected_revision"}))
    current = _open_of(versions)
    if current is None:
        await _add_draft(work, article_id, versions[0].number + 1, content, principal)
    else:
        await repository.change_version(
            work.session,
            article_id,
            current.number,
            state=ArticleState.DRAFT,
            content=content.model_dump(mode="json"),
            authors=sorted({*current.authors, principal.subject}),
            changed_at=work.clock.now(),
        )
    await repository.change_article(work.session, article_id, seed=None)
    return versions[0].revision + 1


async def carry_out(
    work: UnitOfWork, principal: Principal, article_id: UUID, action: ArticleAction, command: ArticleCommand, day: date
) -> KeeperView:
    """Carry out an action, and return the article.

    Raises NotFound, ArticleChanged, ArticleActionNotPossible, InvalidInput for what a version lacks, SecondPersonNeeded, and
    EarlierVersionStillValid.
    """
    versions = await _locked(work, article_id, command.expected_revision)
    version = next((each for each in versions if each.state in _NEEDS[action]), None)
    if version is None:
        raise ArticleActionNotPossible
    if action is ArticleAction.SUBMIT:
        await _submit(work, version)
    elif action is ArticleAction.RETURN:
        await _change(work, version, state=ArticleState.DRAFT, note=command.note)
    elif action is ArticleAction.PUBLISH:
        await _publish(work, principal, version, versions, command, day)
    elif action is ArticleAction.RETIRE:
        await retire_version(work, article_id, version.number)
        work.publish(events.article_retired(article_id, version.code, version.number, work.clock.now()))
    elif await _discard(work, version, versions):
        return _view(versions, day).model_copy(update={"versions": []})
    await repository.change_article(work.session, article_id, seed=None)
    return await read_article(work, article_id, day)


async def compare(work: UnitOfWork, article_id: UUID, earlier: int, later: int) -> VersionComparison:
    """Return what differs between two versions. Raises NotFound for an unknown one."""
    by_number = {version.number: version for version in await _versions(work, article_id)}
    if earlier not in by_number or later not in by_number:
        raise NotFound
    before, after = _parts(by_number[earlier].read()), _parts(by_number[later].read())
    changes = [ChangedPart(part=part, earlier=before[part], later=after[part]) for part in before if before[part] != after[part]]
    return VersionComparison(earlier=earlier, later=later, changes=changes)


async def _submit(work: UnitOfWork, version: StoredVersion) -> None:
    if faults := list(faults_of(version.read())):
        raise InvalidInput(errors=faults)
    await _change(work, version, state=ArticleState.IN_REVIEW, note=None)


async def _publish(
    work: UnitOfWork,
    principal: Principal,
    version: StoredVersion,
    versions: Sequence[StoredVersion],
    command: ArticleCommand,
    day: date,
) -> None:
    if principal.subject in version.authors:
        raise SecondPersonNeeded
    content = version.read()
    # What had to be confirmed is confirmed with the publication: the publisher says by whom.
    checked = content.model_copy(update={"reviewer": command.reviewer or "", "confirm": ""})
    faults = list(faults_of(content))
    if not checked.reviewer:
        faults.append(FieldError("reviewer", "required", DETAILS["required"]))
    if faults:
        raise InvalidInput(errors=faults)
    earlier = next((each for each in versions if each.state is ArticleState.PUBLISHED), None)
    if earlier is not None and content.valid_from is not None and content.valid_from > day:
        last = earlier.read().valid_to
        if last is None or last >= day:
            raise EarlierVersionStillValid
    if earlier is not None:
        await retire_version(work, version.article_id, earlier.number)
    digest = publish(work, version.article_id, version.code, version.number, (version.topic, version.category), checked)
    await _change(
        work,
        version,
        state=ArticleState.PUBLISHED,
        content=checked.model_dump(mode="json"),
        published_by=principal.subject,
        published_at=work.clock.now(),
        published_digest=digest,
        note=None,
    )


async def _discard(work: UnitOfWork, version: StoredVersion, versions: Sequence[StoredVersion]) -> bool:
    """Delete an unpublished version, and its article if it has no other. Return whether the article is gone.

    A version of the file is retired instead: deleted, it would come back with the next start.
    """
    if not version.authors:
        await retire_version(work, version.article_id, version.number)
        return False
    await repository.delete_version(work.session, version.article_id, version.number)
    if len(versions) > 1:
        return False
    await repository.delete_article(work.session, version.article_id)
    return True


async def _change(work: UnitOfWork, version: StoredVersion, **values: object) -> None:
    await repository.change_version(work.session, version.article_id, version.number, changed_at=work.clock.now(), **values)


async def _add_draft(work: UnitOfWork, article_id: UUID, number: int, content: ArticleContent, principal: Principal) -> None:
    row = {
        "article_id": article_id,
        "number": number,
        "state": ArticleState.DRAFT,
        "content": content.model_dump(mode="json"),
        "authors": [principal.subject],
        "changed_at": work.clock.now(),
    }
    await repository.add_versions(work.session, [row])


async def _versions(work: UnitOfWork, article_id: UUID) -> list[StoredVersion]:
    versions = await repository.versions_of(work.session, article_id)
    if not versions:
        raise NotFound
    return versions


async def _locked(work: UnitOfWork, article_id: UUID, revision: int) -> list[StoredVersion]:
    await repository.lock_article(work.session, article_id)
    versions = await _versions(work, article_id)
    if versions[0].revision != revision:
        raise ArticleChanged(extra={"current_revision": versions[0].revision})
    return versions


async def _free_code(work: UnitOfWork, subject: str) -> str:
    beginning = subject.lower().replace("_", "-")
    used = await repository.codes_beginning(work.session, beginning)
    return next(code for number in count(1) if (code := beginning if number == 1 else f"{beginning}-{number}") not in used)


def _open_of(versions: Sequence[StoredVersion]) -> StoredVersion | None:
    return next((version for version in versions if version.state in OPEN), None)


def _view(versions: Sequence[StoredVersion], day: date) -> KeeperView:
    article = versions[0]
    return KeeperView(
        article_id=article.article_id,
        code=article.code,
        topic=article.topic,
        category=article.category,
        revision=article.revision,
        attention=attention_of(versions, day),
        versions=[
            VersionView(
                number=version.number,
                state=version.state,
                content=version.read(),
                authors=list(version.authors),
                published_by=version.published_by,
                note=version.note,
                changed_at=version.changed_at,
                published_at=version.published_at,
                retired_at=version.retired_at,
            )
            for version in versions
        ],
    )


def _summary(versions: Sequence[StoredVersion], day: date) -> ArticleSummary:
    article = versions[0]
    published = next((version for version in versions if version.state is ArticleState.PUBLISHED), None)
    current = _open_of(versions)
    shown = (published or current or article).read()
    return ArticleSummary(
        article_id=article.article_id,
        code=article.code,
        topic=article.topic,
        category=article.category,
        revision=article.revision,
        attention=attention_of(versions, day),
        questions={language: text.question for language, text in shown.texts().items()},
        valid_to=shown.valid_to,
        published=None if published is None else published.number,
        open=None if current is None else current.number,
        open_state=None if current is None else current.state,
    )


def _parts(content: ArticleContent) -> dict[str, str]:
    texts = content.texts()
    parts = {f"{language}.{name}": getattr(text, name) for language, text in texts.items() for name in ("question", "answer")}
    parts |= {f"{language}.synonyms": "\n".join(text.synonyms) for language, text in texts.items()}
    days = {name: "" if (day := getattr(content, name)) is None else day.isoformat() for name in ("valid_from", "valid_to")}
    return parts | days | {"source": content.source, "reviewer": content.reviewer, "confirm": content.confirm}
