"""What a run says of the published claims, and the papers' own figures beside it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from attribution_engine.findings.claims import Claim, Standing
from attribution_engine.findings.published import PUBLISHED
from attribution_engine.store.reader import StoreReader
from pages.parts import captions, links, wording
from pages.parts.beside import capital
from pages.parts.export import downloads
from pages.parts.table import Column, Row, table

# A glyph besides the words, so that no one has to tell colours apart.
GLYPHS: dict[Standing, str] = {"replicates": "●", "does not": "✕", "cannot tell": "?"}
STANDING: dict[Standing, str] = {
    "replicates": "replicates",
    "does not": "does not replicate",
    "cannot tell": "cannot tell here",
}
COUNTED: dict[Standing, tuple[str, str]] = {
    "replicates": ("replicates", "replicate"),
    "does not": ("does not replicate", "do not replicate"),
    "cannot tell": ("cannot be told here", "cannot be told here"),
}
MEND = (
    "This run's store holds no findings: it was written before they were computed, or without "
    "them. `python -m attribution_engine findings` computes them from the store itself."
)

FOLDER = Path(__file__).parent

_claims = st.components.v2.component(
    "influence_claims",
    html='<ul role="list"></ul>',
    css=(FOLDER / "claims.css").read_text(encoding="utf-8"),
    js=(FOLDER / "claims.js").read_text(encoding="utf-8"),
)


def standing(claim: Claim) -> str:
    """Glyph and words of where a claim stands."""
    return f"{GLYPHS[claim.standing]} {STANDING[claim.standing]}"


def show_claims(reader: StoreReader, finding: str) -> bool:
    """How many claims stand here, and a line for each; its rule is one press away.

    Returns:
        Whether there are any; if not, the page has been told why.
    """
    claims = reader.claims(finding)
    if not claims:
        st.info(MEND)
        return False
    st.markdown(f"**{counted(claims)}**, each by a written rule, for this run alone.")
    _claims(
        key=wording.component_key(f"claims {finding}"),
        data={"name": "The published claims, in this run", "claims": [_line(c) for c in claims]},
    )
    return True


def counted(claims: Sequence[Claim]) -> str:
    """How many of some claims stand where, in words."""
    counts = Counter(claim.standing for claim in claims)
    parts = [
        f"{counts[one]} {words[counts[one] > 1]}" for one, words in COUNTED.items() if counts[one]
    ]
    if len(claims) == 1:
        return f"The published claim {COUNTED[claims[0].standing][0]}"
    return f"Of {len(claims)} published claims {', '.join(parts)}"


def _line(claim: Claim) -> dict[str, str]:
    words = STANDING[claim.standing]
    return {
        "standing": f"{GLYPHS[claim.standing]} {words[:1].upper()}{words[1:]}",
        "claim": claim.claim,
        "paper": claim.paper,
        "sentence": claim.sentence,
        "rule": f"Rule: {claim.rule} {behind(claim)}",
    }


def behind(claim: Claim) -> str:
    """How much is behind a claim."""
    queries = "1 query" if claim.n_queries == 1 else f"{wording.whole(claim.n_queries)} queries"
    n = claim.n_documents
    documents = "1 document" if n == 1 else f"{wording.whole(n)} documents"
    return f"Behind it: {queries}, {documents}."


def claims_table(claims: Sequence[Claim], run: str) -> None:
    """All claims of a run, each row leading to the page of its finding."""
    from pages.parts.navigation import PAGES

    opened = table(
        "What this run says of the published findings",
        [
            Column("Finding"),
            Column("Here"),
            Column("Claim", "words"),
            Column("Paper", "words"),
            Column("Figures", "snippet"),
        ],
        [
            Row(
                f"{claim.finding} {number}",
                [
                    PAGES[claim.finding],
                    standing(claim),
                    claim.claim,
                    claim.paper,
                    claim.sentence,
                ],
                links.href(claim.finding),
            )
            for number, claim in enumerate(claims)
        ],
        key=f"claims {run}",
        action="Open the finding",
    )
    if opened is not None:
        links.go(opened.split()[0])


def show_published(finding: str) -> None:
    """The papers' own figures, each with how it is known."""
    figures = PUBLISHED[finding]
    if not figures:
        return
    st.subheader("What the paper reports", anchor=False)
    st.caption(
        "Other models, other corpora, other queries: read the direction, not the size. “Reported” "
        "is by the paper or its authors; “second-hand” by reviews or articles; “read off a plot” "
        "is no printed number; “derived” is arithmetic on such."
    )
    table(
        "Published figures",
        [
            Column("Quantity", "words"),
            Column("Figure", "words"),
            Column("Model", "words"),
            Column("Paper"),
            Column("Known"),
        ],
        [
            Row(
                str(number),
                [capital(one.quantity), one.figure, one.model or "–", one.paper, one.tag],
            )
            for number, one in enumerate(figures)
        ],
        key=f"published {finding}",
    )
    downloads(
        f"published-{finding}",
        lambda: list(figures),
        key=f"published files {finding}",
        caption=captions.caption(links.view()["run"], finding=finding),
    )
