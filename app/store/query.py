"""What a person or a model typed, as terms that FTS5 is asked for. No input makes a syntax error of it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from app.store.index_text import for_pieces, for_words, grams, plain, without_spaces

_MOST_TERMS = 24
_MOST_CHARACTERS = 2_000
_SHORTEST_PIECE = 3

_PHRASE = re.compile(r'"([^"]+)"|“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|「([^「」]+)」')
# Letters, digits and marks that belong to a letter; a word may be joined by what joins an identifier or a number.
_WORD = re.compile(r"[^\W_]+(?:[\u0300-\u036f\u0900-\u0dff]+[^\W_]*)*")
_IDENTIFIER = re.compile(r"\w+(?:[._/:@+-]+\w+)+")

_ENGLISH = """
    a about an and any are as at be been being but by can could d describe did do does explain for
    from had has have how i if in into is it its ll me my no not of on or our please re s say says
    shall should so some such t tell than that the their them then there these they this those to ve
    was we were what when where which while who whom whose why will with would you your
"""
_GERMAN = """
    aber als am an auch auf aus bei bin bis da damit das dass dem den der des die doch ein eine
    einem einen einer eines er es für gibt haben hat hatte ich ihr im in ist ja kann man mit nach
    nicht noch oder sich sie sind so um und uns von vor war warum was welche welcher welches wenn
    wer werden wie wir wird wo wurde zu zum zur über
"""
_FRENCH = """
    au aux avec c ce ces cet cette comment d dans de des du elle en est et eu il ils j je l la le
    les leur lui m mais n ne nous on ou où par pas pour pourquoi qu quand que quel quelle quelles
    quels qui quoi sa se ses son sont sur t un une vous y
"""
_STOP_WORDS = tuple(frozenset(words.split()) for words in (_ENGLISH, _GERMAN, _FRENCH))
_FEWEST = (1, 2, 2)
"""How many stop words make a question one in that language: “war” and “die” alone are no German."""


@dataclass(frozen=True, slots=True)
class Query:
    """phrases stood in quotes. words are what is searched in the table of words, each a string in FTS5's quotes.

    pieces are searched in the table of trigrams, in lower case and without accents: parts of words, identifiers.
    """

    phrases: tuple[str, ...]
    words: tuple[str, ...]
    pieces: tuple[str, ...]


def understand(question: str) -> Query:
    """Take a question apart."""
    question = plain(question[:_MOST_CHARACTERS])
    phrases = [next(filter(None, match.groups())) for match in _PHRASE.finditer(question)]
    found: dict[str, None] = {}
    for word in _WORD.findall(question):
        found.update(dict.fromkeys(_terms(word)))
    for identifier in _IDENTIFIER.findall(question):
        # As a phrase an identifier is rarer than its parts, and so weighs more.
        found.setdefault(identifier.lower())
    stop_words = _stop_words(found)
    terms = [term for term in found if term not in stop_words] or list(found)
    pieces = dict.fromkeys(for_pieces(term) for term in terms)
    return Query(
        tuple(_quoted(for_words(phrase)) for phrase in phrases if _WORD.search(phrase)),
        tuple(_quoted(term) for term in _longest(terms)),
        tuple(piece for piece in pieces if len(piece) >= _SHORTEST_PIECE),
    )


def piece_match(piece: str) -> str:
    """The FTS5 expression for rows that have every trigram of a piece; whether it stands there is still to be seen."""
    return " AND ".join(_quoted(piece[place : place + 3]) for place in range(len(piece) - 2))


def _stop_words(words: Collection[str]) -> frozenset[str]:
    """The stop words of the language that the words are in, as far as its stop words tell; else none."""
    counts = [len(stop_words.intersection(words)) for stop_words in _STOP_WORDS]
    most = counts.index(max(counts))
    return _STOP_WORDS[most] if counts[most] >= _FEWEST[most] else frozenset()


def _terms(word: str) -> list[str]:
    runs = without_spaces(word)
    if not runs:
        return [word.lower()]
    rest = word
    for run in runs:
        rest = rest.replace(run, " ")
    return [*rest.lower().split(), *(gram for run in runs for gram in grams(run))]


def _longest(terms: list[str]) -> list[str]:
    """At most so many terms, in their order; long words say more than short ones."""
    if len(terms) <= _MOST_TERMS:
        return terms
    kept = set(sorted(terms, key=len, reverse=True)[:_MOST_TERMS])
    return [term for term in terms if term in kept]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
