"""BM25: which documents share a query's rare words. A text-only baseline; no model, no gradient."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

WORD = re.compile(r"\w+")
BATCH_DOCUMENTS = 512

Texts = Callable[[], Iterable[str]] | Iterable[str]


@dataclass(frozen=True, slots=True)
class CorpusWords:
    """What the formula needs to know of the corpus: see `corpus_words`."""

    n_documents: int
    mean_length: float
    n_containing: np.ndarray


def words(text: str) -> list[str]:
    """Runs of Unicode letters, digits and underscores, in lower case; "3.5" is "3" and "5"."""
    return WORD.findall(text.lower())


def bm25_scores(
    documents: Texts,
    queries: Sequence[str],
    *,
    k1: float = 1.2,
    b: float = 0.75,
    progress: Callable[[int], None] = lambda done: None,
) -> np.ndarray:
    """Scores every document's text against every query's text (prompt and completion).

    A query's score is the sum over its words w, repeated words repeatedly, of

        log(1 + (N − n_w + 0.5) / (n_w + 0.5)) · tf / (tf + k1 · (1 − b + b · length / mean length))

    with tf how often w is in the document, n_w in how many of the N documents; lengths in words.
    This is Lucene's form: no word counts negative, and the constant factor k1 + 1 is left out.

    The texts are read twice and never held: memory is that of the result and the queries' words.

    Args:
        documents: texts that can be gone through twice, or a function that starts over.
        k1: how fast repeated words stop to count; b: 0 to 1, how much long documents are taken
            down.
        progress: is told of documents done; each document counts twice.

    Returns:
        float32 [queries, documents], 0 where no word is shared. Not nats: a size without a unit.

    Raises:
        ValueError: k1 or b is out of range, or the documents cannot be read twice alike.
    """
    if not (k1 >= 0 and math.isfinite(k1) and 0 <= b <= 1):
        raise ValueError(f"BM25 needs k1 of at least 0 and b from 0 to 1, not {k1} and {b}")
    if isinstance(documents, Iterator):
        raise ValueError("BM25 reads the documents twice: give a list or a function, no iterator")
    begin: Callable[[], Iterable[str]] = documents if callable(documents) else documents.__iter__
    asked = [Counter(words(query)) for query in queries]
    columns = {word: at for at, word in enumerate(dict.fromkeys(w for one in asked for w in one))}
    corpus = corpus_words(begin(), columns, progress)
    idf = np.log1p((corpus.n_documents - corpus.n_containing + 0.5) / (corpus.n_containing + 0.5))
    weights = _query_weights(asked, columns, idf)
    scores = np.zeros((len(queries), corpus.n_documents), dtype=np.float32)
    done = 0
    for shares in _saturated(begin(), columns, corpus.mean_length, k1, b, progress):
        upto = done + shares.shape[0]
        if upto > corpus.n_documents:
            raise ValueError("the second reading of the documents gave more than the first")
        scores[:, done:upto] = (shares @ weights).toarray().T
        done = upto
    if done < corpus.n_documents:
        raise ValueError("the second reading of the documents gave fewer than the first")
    return scores


def corpus_words(
    texts: Iterable[str], columns: dict[str, int], progress: Callable[[int], None]
) -> CorpusWords:
    """Documents, their mean length in words, and how many contain each word of `columns`."""
    n_documents = n_words = 0
    containing = np.zeros(len(columns))
    for text in texts:
        found = words(text)
        n_documents += 1
        n_words += len(found)
        containing[[columns[word] for word in columns.keys() & set(found)]] += 1
        progress(1)
    return CorpusWords(n_documents, n_words / max(1, n_documents), containing)


def _query_weights(
    asked: Sequence[Counter[str]], columns: dict[str, int], idf: np.ndarray
) -> csr_array:
    """[words, queries]: how often a query has the word × the word's idf."""
    cells = [(columns[word], at, n) for at, one in enumerate(asked) for word, n in one.items()]
    row, column, count = np.array(cells, dtype=np.int64).reshape(-1, 3).T
    return csr_array((count * idf[row], (row, column)), shape=(len(columns), len(asked)))


def _saturated(
    texts: Iterable[str],
    columns: dict[str, int],
    mean_length: float,
    k1: float,
    b: float,
    progress: Callable[[int], None],
) -> Iterator[csr_array]:
    """[documents, words] of tf / (tf + k1 · (1 − b + b · length / mean length)), in batches."""
    values: list[float] = []
    places: list[int] = []
    starts = [0]

    def batch() -> csr_array:
        return csr_array((values, places, starts), shape=(len(starts) - 1, len(columns)))

    for text in texts:
        found = words(text)
        room = k1 * (1 - b + b * len(found) / mean_length) if found else 0.0
        counts = Counter(columns[word] for word in found if word in columns)
        # In column order, so that a sum does not depend on where in the text a word comes first.
        for place, tf in sorted(counts.items()):
            places.append(place)
            values.append(tf / (tf + room))
        starts.append(len(places))
        progress(1)
        if len(starts) > BATCH_DOCUMENTS:
            yield batch()
            values, places, starts = [], [], [0]
    if len(starts) > 1:
        yield batch()
