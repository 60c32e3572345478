"""Sentences about the outcomes of complaints and about when answers were given."""

from collections.abc import Iterator

from analytics.kpis.service import UNSPECIFIED, percent
from analytics.reports.schemas import ReportContent
from analytics.reports.service.lines import UNSPLIT, settled, total_of
from analytics.reports.service.wording import Wording


def outcome_sentences(content: ReportContent, wording: Wording) -> Iterator[str]:
    """Say how many complaints were resolved on the spot or withdrawn, whether their share rose, and what is not known of them."""
    complaints, number = total_of(content.figures, "complaints"), settled(content.figures)
    share = wording.share(number, complaints)
    yield wording.text("settled", complaints=wording.count(complaints), settled=wording.count(number), share=share)
    yield from _settled_change(content, wording)
    if unsplit := content.figures["outcomes"].part(UNSPLIT):
        yield wording.text("all_unsplit") if unsplit == number else wording.text("unsplit", value=wording.count(unsplit))
    if unfinished := content.figures["outcomes"].part(UNSPECIFIED):
        values = {"total": wording.count(complaints), "value": wording.count(unfinished)}
        yield wording.text("unfinished", share=wording.share(unfinished, complaints), **values)


def _settled_change(content: ReportContent, wording: Wording) -> Iterator[str]:
    """Compare the shares of two periods as they are printed; a difference of two percentages is not printed."""
    now = percent(settled(content.figures), total_of(content.figures, "complaints"))
    before = percent(settled(content.before), total_of(content.before, "complaints"))
    if now is None or before is None:
        return
    if now == before:
        yield wording.text("settled_same", value=wording.percent(now))
    else:
        values = {"before": wording.percent(before), "value": wording.percent(now)}
        yield wording.text("settled_up" if now > before else "settled_down", **values)


def timeliness_sentences(content: ReportContent, wording: Wording) -> Iterator[str]:
    """Say how soon answers were given. Imported appeals have no time of an answer."""
    figures = content.figures
    if not figures["answered_share"].n:
        yield wording.text("time_unknown")
        return
    answered, in_time = figures["answered_share"].value, figures["answered_in_time"].value
    if answered is not None:
        yield wording.text("answered", value=wording.percent(answered))
    if in_time is not None:
        yield wording.text("in_time", value=wording.percent(in_time))
    median, most = figures["answer_time_median"].value, figures["answer_time_p90"].value
    if median is not None and most is not None:
        yield wording.text("answer_time", median=wording.formats.duration(median), most=wording.formats.duration(most))
    late = {name: wording.count(total_of(figures, name)) for name in ("overdue", "extended", "reopened")}
    yield wording.text("late", **late)
    score = figures["satisfaction"]
    if score.value is not None:
        yield wording.text("satisfaction", value=wording.decimal(score.value), n=wording.count(score.n or 0))
