"""What the assembly and other slices use of the knowledge base."""

from routing.knowledge.policy import WRITTEN_IN, article_seeds, how_to_complain, knowledge_policy, macros, parameters
from routing.knowledge.schemas import Article
from routing.knowledge.service.offering import attention_counts, local_day, offered, questions_of, search_offered
from routing.knowledge.service.search import scores, search
from routing.knowledge.service.seeding import seed
from routing.knowledge.service.sentences import FALLBACK_LANGUAGE, filled_macros, named_macros, written_language
from routing.knowledge.service.suggesting import suggest

__all__ = [
    "FALLBACK_LANGUAGE",
    "WRITTEN_IN",
    "Article",
    "article_seeds",
    "attention_counts",
    "filled_macros",
    "how_to_complain",
    "knowledge_policy",
    "local_day",
    "macros",
    "named_macros",
    "offered",
    "parameters",
    "questions_of",
    "scores",
    "search",
    "search_offered",
    "seed",
    "suggest",
    "written_language",
]
