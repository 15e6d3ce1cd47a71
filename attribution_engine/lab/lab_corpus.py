"""A lab's documents and questions: a sample of a store's own, with planted facts added."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from random import Random

from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from attribution_engine.corpora.start_token import start_ids
from attribution_engine.lab.lab_model import Vocabulary
from attribution_engine.lab.lab_scores import LabTexts
from attribution_engine.lab.planting import plant
from attribution_engine.lab.retraining import Example
from attribution_engine.records import Document, InputError
from attribution_engine.store.lab_rows import AnsweredQuery, LabRows

FEWEST_DOCUMENTS = 20
SUITE_ITEMS = 30  # of a suite, at most, that its accuracy is measured on
PLANTED_SUITE = "planted_facts"  # asks for documents that need not be in the sample
READ_AT_ONCE = 500
PADDING = 0  # token of the lab's own vocabulary


@dataclass(frozen=True, slots=True)
class LabSize:
    """How much of a store goes into the lab.

    Attributes:
        documents: drawn by lot; queries: explained; plants: planted facts added.
        context: longest text in tokens; longer documents are cut, longer queries left out.
        tokens: in all documents together; where documents are long there are fewer of them.
    """

    documents: int
    queries: int
    plants: int
    context: int
    tokens: int = 1 << 40


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt and completion of the store, or a planted fact.

    Attributes:
        query_id: of the query, or of the set that the item is of; None of a planted fact.
        text: prompt and completion; the first `prompt_chars` characters are the prompt.
        item: number in the set that it is an item of; None of a query that is no set.
        fact: words of a factual query, its subject and its answer.
    """

    query_id: int | None
    suite: str
    text: str
    prompt_chars: int
    example: Example
    item: int | None = None
    fact: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabCorpus:
    """What lab models are trained on and asked, in tokens of the lab's own vocabulary.

    Attributes:
        documents: those of the store, then one for each plant; texts: the same in words.
        doc_ids: the store's number of each, None of a plant.
        questions: the explained ones, then others of their suites, then the plants' own.
        explained: how many stand first.
        cut: documents cut to the context.
    """

    documents: list[Example]
    texts: list[str]
    doc_ids: list[int | None]
    questions: list[Question]
    explained: int
    plants: int
    cut: int
    vocabulary: Vocabulary

    @property
    def scored(self) -> list[Question]:
        """Questions that documents are scored for: the explained ones, then the plants'."""
        return (
            self.questions[: self.explained] + self.questions[len(self.questions) - self.plants :]
        )

    @property
    def plant_columns(self) -> list[int]:
        """The document of each plant."""
        return list(range(len(self.documents) - self.plants, len(self.documents)))

    @property
    def examples(self) -> list[Example]:
        """Every question's tokens."""
        return [question.example for question in self.questions]

    def suites(self) -> dict[str, list[int]]:
        """Places of every suite's questions, plants left out."""
        found: dict[str, list[int]] = {}
        for place, question in enumerate(self.questions):
            if question.query_id is not None:
                found.setdefault(question.suite, []).append(place)
        return found

    def items_of(self) -> dict[int, list[int]]:
        """Of every explained set query, the items that stand for it, as they are asked."""
        found: dict[int, list[int]] = {}
        for question in self.questions[: self.explained]:
            if question.query_id is not None and question.item is not None:
                found.setdefault(question.query_id, []).append(question.item)
        return found

    def known_facts(self) -> tuple[int, int]:
        """Explained factual queries, and those whose subject and answer a document holds."""
        asked = [each.fact for each in self.questions[: self.explained] if each.fact]
        lowered = [text.lower() for text in self.texts]
        known = [
            fact
            for fact in asked
            if any(all(word.lower() in text for word in fact) for text in lowered)
        ]
        return len(asked), len(known)

    def lab_texts(self) -> LabTexts:
        """Documents and scored questions in words, for BM25.

        The documents are whole here, also those that training cuts to the context (`cut`).
        """
        return LabTexts(self.texts, [question.text for question in self.scored])


def encode(
    tokenizer: PreTrainedTokenizerBase, text: str, loss_from: int, context: int
) -> Example | None:
    """Tokens of a text up to `context`, the start token first where the tokenizer uses one.

    A token carries loss if it ends after character `loss_from`, as in the engine. No end token
    is put: the engine scores texts without one.

    Returns:
        None if no token would carry loss.
    """
    found = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    start = start_ids(tokenizer)
    tokens = (*start, *found["input_ids"])[:context]
    before = sum(end <= loss_from for _, end in found["offset_mapping"]) if loss_from else 0
    first = max(1, len(start) + before)
    return Example(tokens, first) if first < len(tokens) else None


def build_corpus(
    rows: LabRows, tokenizer: PreTrainedTokenizerBase, size: LabSize, seed: int
) -> LabCorpus:
    """Draw documents by lot and questions suite by suite, and add planted facts.

    Explained are questions that the run's model answered right; where these do not do, those of
    control suites, then those that nobody marked. None that was answered wrong is taken.

    Raises:
        InputError: the store has too few documents, or no question with a right completion.
    """
    documents = draw_documents(rows, tokenizer, size, seed)
    chosen, others = choose_questions(rows, tokenizer, size, seed)
    in_store = [question for question, _ in (*chosen, *others)]
    texts = [document.text for document, _ in documents]
    plants = plant(size.plants, seed, (*texts, *(each.text for each in in_store)))
    examples = [example for _, example in documents]
    asked = []
    for each in plants:
        whole, text = (
            encode(tokenizer, each.document, 0, size.context),
            each.prompt + each.completion,
        )
        question = encode(tokenizer, text, len(each.prompt), size.context)
        if whole is None or question is None:
            raise InputError(f"a context of {size.context} tokens holds no planted fact; raise it")
        examples.append(whole)
        suite = "planted facts of the lab"
        asked.append(Question(None, suite, text, len(each.prompt), question))
    cut = sum(len(example.tokens) == size.context for example in examples)
    vocabulary, rename = own_vocabulary(
        [*examples, *(each.example for each in in_store), *(each.example for each in asked)],
        tokenizer,
    )
    return LabCorpus(
        documents=[rename(example) for example in examples],
        texts=[*texts, *(each.document for each in plants)],
        doc_ids=[*(document.doc_id for document, _ in documents), *(None for _ in plants)],
        questions=[replace(each, example=rename(each.example)) for each in (*in_store, *asked)],
        explained=len(chosen),
        plants=len(plants),
        cut=cut,
        vocabulary=vocabulary,
    )


def draw_documents(
    rows: LabRows, tokenizer: PreTrainedTokenizerBase, size: LabSize, seed: int
) -> list[tuple[Document, Example]]:
    """Documents by lot; one whose response lies beyond the context is passed over.

    Of a chat the loss is on everything from the first answer on.

    Raises:
        InputError: there are too few.
    """
    ids = rows.document_ids()
    Random(f"{seed}/lab documents").shuffle(ids)
    found: list[tuple[Document, Example]] = []
    tokens = 0
    for first in range(0, len(ids), READ_AT_ONCE):
        if len(found) >= size.documents or tokens >= size.tokens:
            break
        for document in rows.documents(ids[first : first + READ_AT_ONCE]):
            example = encode(tokenizer, document.text, document.prompt_chars, size.context)
            if example is not None and len(found) < size.documents and tokens < size.tokens:
                found.append((document, example))
                tokens += len(example.tokens)
    fewest = min(FEWEST_DOCUMENTS, size.documents)
    if len(found) < fewest:
        raise InputError(
            f"{rows.path}: {len(found)} documents can be used, a lab needs {fewest}; "
            "make a run on a larger corpus"
        )
    return found


Chosen = list[tuple[Question, AnsweredQuery]]


def choose_questions(
    rows: LabRows, tokenizer: PreTrainedTokenizerBase, size: LabSize, seed: int
) -> tuple[Chosen, Chosen]:
    """Questions to explain, suites in turn, and the other ones of their suites.

    Raises:
        InputError: there is none.
    """
    pool: Chosen = []
    seen: set[str] = set()  # an item of a set may be a query of its own as well
    for each in rows.answered():
        text = each.prompt + each.completion
        example = encode(tokenizer, text, len(each.prompt), size.context + 1)
        fits = example is not None and len(example.tokens) <= size.context
        if fits and example is not None and text not in seen and each.suite != PLANTED_SUITE:
            seen.add(text)
            item = each.item if each.of_set else None
            fact = each.keywords if each.kind == "factual" else ()
            question = Question(
                each.query_id, each.suite, text, len(each.prompt), example, item, fact
            )
            pool.append((question, each))
    if not pool:
        raise InputError(
            f"{rows.path}: no query was answered right in at most {size.context} tokens; a lab "
            "explains right completions: add queries that the model can answer, or given ones"
        )
    Random(f"{seed}/lab queries").shuffle(pool)
    pool.sort(key=lambda pair: (not pair[1].correct, pair[1].kind == "control"))
    order = in_turns(pool, [_tier(answered) for _, answered in pool])
    chosen = order[: size.queries]
    suites = {question.suite for question, _ in chosen}
    counts = dict.fromkeys(suites, 0)
    for question, _ in chosen:
        counts[question.suite] += 1
    others: Chosen = []
    for pair in order[size.queries :]:
        suite = pair[0].suite
        if suite in suites and counts[suite] < SUITE_ITEMS:
            counts[suite] += 1
            others.append(pair)
    return chosen, others


def _tier(answered: AnsweredQuery) -> int:
    """0 = to be explained before those of tier 1 are, and so on."""
    if not answered.correct:
        return 2
    return int(answered.kind == "control")


def in_turns(pool: Chosen, tiers: Sequence[int]) -> Chosen:
    """Within each tier one of every suite, then the next of every suite, and so on."""
    keys: list[tuple[int, int]] = []
    seen: dict[tuple[int, str], int] = {}
    for (question, _), tier in zip(pool, tiers, strict=True):
        turn = seen.get((tier, question.suite), 0)
        seen[tier, question.suite] = turn + 1
        keys.append((tier, turn))
    return [pool[place] for place in sorted(range(len(pool)), key=keys.__getitem__)]


class _Renaming:
    """From the tokenizer's tokens to the lab's: those that occur, numbered from 1."""

    def __init__(self, used: Iterable[int]) -> None:
        self.own = {token: 1 + number for number, token in enumerate(sorted(set(used)))}

    def __call__(self, example: Example) -> Example:
        return Example(tuple(self.own[token] for token in example.tokens), example.start)


def own_vocabulary(
    examples: Sequence[Example], tokenizer: PreTrainedTokenizerBase
) -> tuple[Vocabulary, _Renaming]:
    """Only tokens that occur get an embedding: most of a large vocabulary never would."""
    rename = _Renaming(token for example in examples for token in example.tokens)
    begin = start_ids(tokenizer)
    return (
        Vocabulary(
            size=1 + len(rename.own),
            begin=rename.own[begin[0]] if begin else PADDING,
            end=PADDING,
            padding=PADDING,
        ),
        rename,
    )
