"""What a run is, as names, values and notes: model, corpus, method, what was tracked and fitted."""

from __future__ import annotations

from attribution_engine.store.views import RunInfo
from pages.parts import wording

Fact = tuple[str, str] | tuple[str, str, str]

NOT_SEEN = {
    "mlp": "the weights of the MLP blocks only: what a document changed in attention or embeddings",
    "attention": "the weights of attention only: what a document changed in the MLP blocks or "
    "embeddings",
    "linear": "the linear maps of the blocks only: what a document changed in embeddings, norms or "
    "the output head",
    "lora": "the adapter's weights only: what a document would change in the model below it",
}
OTHER_LAYERS = "only the layers listed at the end of this page: what a document changed elsewhere"


def run_facts(run: RunInfo, method: wording.Method, name: str) -> list[Fact]:
    """The facts of the overview, in the order in which they are read."""
    skipped = wording.whole(run.skipped_documents)
    return [
        ("Run", run.name or name, f"made {run.created_at}"),
        ("Model", run.model, f"{wording.whole(run.n_parameters)} parameters"),
        *_training(run),
        ("Corpus", run.corpus, f"{wording.whole(run.n_documents)} documents, "
         f"{wording.whole(run.n_tokens)} tokens"),
        ("Cut documents", wording.whole(run.truncated_documents),
         "longer than the model saw; the rest of their text is shown but has no score"),
        ("Skipped documents", skipped, "rows that could not be read")
        if run.skipped_documents else ("Skipped documents", skipped),
        ("Method", method.name, run.sign if method.signed else "without a sign"),
        ("What the number is", method.unit, method.meaning),
        *_tracked(run),
        *_factors(run),
        *_tokens(run),
        *([("Seed", str(run.seed), "of the sampled labels, the factor sample and the randomised "
            "SVD")] if run.seed is not None and run.method != "bm25" else []),
        ("Device", run.device),
        ("Time", wording.duration(run.total_seconds), " · ".join(
            f"{stage.replace('_', ' ')} {wording.duration(seconds)}"
            for stage, seconds in run.stage_seconds.items())),
    ]  # fmt: skip


def what_is_seen(run: RunInfo) -> str:
    """One sentence on the weights that are tracked and those that are not."""
    keyword = "mlp" if run.modules in ("", "mlp-linear") else run.modules
    return f"It sees {NOT_SEEN.get(keyword, OTHER_LAYERS)} is not counted."


def _training(run: RunInfo) -> list[Fact]:
    """Optimiser, length and loss of the model's training, as far as its folder says them."""
    known, settings = run.training, run.training.get("settings", {})
    settings = settings if isinstance(settings, dict) else {}
    optimiser = str(known.get("optimiser") or "how is not recorded")
    details = [
        f"{words} {_number(value)}"
        for words, value in (
            ("learning rate", settings.get("learning_rate")),
            ("weight decay", settings.get("weight_decay")),
            ("epochs", known.get("epochs")),
            ("steps", known.get("steps")),
            ("held-out loss (nats a token)", known.get("loss_held_out")),
        )
        if isinstance(value, int | float)
    ]
    return [("Trained", optimiser, " · ".join(details))] if known else []


def _number(value: float) -> str:
    return wording.whole(value) if isinstance(value, int) else f"{value:g}"


def _tracked(run: RunInfo) -> list[Fact]:
    if run.method == "bm25":
        return [("Tracked", "nothing", "words are compared, no weights")]
    n_layers = len(run.tracked_layers)
    maps = f"{wording.whole(n_layers)} linear maps"
    if run.n_linear_maps:
        maps = f"{wording.whole(n_layers)} of {wording.whole(run.n_linear_maps)} linear maps"
    note = (
        f"{wording.whole(run.n_tracked_parameters)} parameters, "
        f"{wording.percent(run.tracked_share)} of the model's"
    )
    return [("Tracked", maps, note + (f"; modules: {run.modules}" if run.modules else ""))]


def _factors(run: RunInfo) -> list[Fact]:
    if run.method in ("gradient-dot", "gradient-cosine", "tracin", "bm25"):
        return []
    found: list[Fact] = []
    covariance, correction = run.covariance_documents, run.correction_documents
    if covariance is None or correction is None:
        fitted = run.factor_documents
        found.append(
            ("Factors fitted on", "all documents" if fitted is None
             else f"{wording.whole(fitted)} documents")
        )  # fmt: skip
    else:
        same = run.factor_documents == covariance == correction
        found.append(
            ("Factors fitted on",
             f"{wording.whole(covariance)} documents (covariances), "
             f"{wording.whole(correction)} (eigenvalues)",
             ("the same documents, two passes" if same else "different documents, one pass")
             + f"; the corpus has {wording.whole(run.n_documents)}")
        )  # fmt: skip
    if run.damping is not None:
        found.append(("Damping", f"{run.damping:g}", "× mean eigenvalue of each layer"))
    return found


def _tokens(run: RunInfo) -> list[Fact]:
    found: list[Fact] = []
    if run.method not in ("bm25", "self-influence"):
        found.append(("Query gradients", "exact" if run.rank is None else f"rank {run.rank}"))
    if not run.tail:
        return [*found, ("Token scores", "none")]
    return [
        *found,
        ("Token alignments", run.token_alignment.replace(" ", "").replace(",", ", "),
         f"token scores for the {run.tail} most helpful and {run.tail} most harmful documents of "
         "each query"),
    ]  # fmt: skip
