"""The page Trust and what leads to it: tested, partly tested and untested runs."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from attribution_engine.store.reader import StoreReader
from pages.parts import runs, trust_figures
from pages.parts.run_facts import run_facts
from pages.parts.trust_facts import badge_words, command, lab_accuracies, lab_facts, why_not
from pages.parts.wording import method
from tests.pages.test_pages import draw, words
from tests.store import small_store
from tests.store.tested_store import LAB, add_tests, rows

ACCURACY = """{"slopes, fresh": {"n": 50, "right": 20, "accuracy": 0.4},
    "arithmetic, fresh": {"n": 50, "right": 43, "accuracy": 0.86},
    "s": {"n": 9, "right": 9, "accuracy": 1}}"""
TRAINING = """{"optimiser": "AdamW", "steps": 6144, "loss_held_out": 0.3619,
    "settings": {"weight_decay": 0.1}}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    for name in ("aaa_tested", "demo", "partly"):
        small_store.build(folder / f"{name}.duckdb")
    add_tests(folder / "aaa_tested.duckdb")
    found = [row for row in rows([0, 1], ["s"]) if row.experiment == "removal"]
    add_tests(folder / "partly.duckdb", found)
    with duckdb.connect(str(folder / "partly.duckdb")) as connection:
        connection.execute("UPDATE run SET accuracy = ?, training = ?", [ACCURACY, TRAINING])
    return folder


@pytest.fixture(autouse=True)
def runs_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INFLUENCE_RUNS", str(folder))


def test_a_tested_run_has_a_verdict_for_every_test() -> None:
    app = draw("trust", run="aaa_tested")
    said = words(app).replace("\\", "").replace("\n", " ").replace("\u2060", "")
    for part in (
        "What the tests say",
        "Median Spearman over queries: 0.97",
        "EK-FAC's LDS is 0.31 (0.27 to 0.36), where a perfect predictor of what seeds have in "
        "common would reach 0.75. It is ahead of every other method.",
        "is behind BM25 and ahead of gradient product, gradient cosine and random",
        "BM25 is not counted: it finds shared rare words by nature.",
        "11.00 nats without its document and 4.40 with it: 60% of the nats are learnt.",
        "proofs: not measurable here: the lab's models reproduce 0 of 6 completions.",
        "The lab's EK-FAC scores use all linear maps (modules linear) and damping 0.1; this run's "
        "use the linear maps of the MLP blocks (modules mlp) and damping",
        "Recall@10 is 0.86 and 0.80 in this run.",
        "a model of 41\u202f000 parameters",
        "trained from nothing on 2\u202f000 of this run's 12 documents",
        "What influence functions assume.** That training has come to a minimum of the loss.",
    ):
        assert part in said
    assert "Not tested" not in said and not app.error


def test_the_chosen_query_is_drawn_or_said_to_be_untested() -> None:
    app = draw("trust", run="aaa_tested", query="1", spread="query")
    assert "ringed: query 1" in words(app) and "was not tested" not in words(app)
    app = draw("trust", run="partly", query="2", spread="query")
    assert "Query 2 was not tested. Those that were: 0, 1." in words(app)


def test_what_is_missing_says_how_to_test_it() -> None:
    app = draw("trust", run="partly")
    assert words(app).replace("\\", "").count("This makes the test:") == 4
    assert [each.value for each in app.code] == 4 * [
        "python -m attribution_engine trust partly.duckdb"
    ]
    app = draw("trust", run="demo")
    assert "Not tested: this run's store holds no test" in words(app)
    assert [each.value for each in app.code] == ["python -m attribution_engine trust demo.duckdb"]


def test_overview_shows_fresh_questions_and_training() -> None:
    app = draw("overview", run="partly")
    assert "What the model can do" in words(app)
    assert "80 % of fresh questions" in words(app)
    assert "in good part those of wrong answers" in words(app)
    assert "What the model can do" not in words(draw("overview", run="demo"))


def test_the_facts_say_how_the_model_was_trained(folder: Path) -> None:
    run = StoreReader(folder / "partly.duckdb").run()
    facts = {fact[0]: " | ".join(fact[1:]) for fact in run_facts(run, method("ek-fac"), "")}
    assert facts["Trained"] == (
        "AdamW | weight decay 0.1 · steps 6\u202f144 · held-out loss (nats a token) 0.3619"
    )


def test_the_explorer_opens_on_the_base_run_wherever_it_stands_in_the_alphabet() -> None:
    assert list(runs.stores()) == ["demo", "aaa_tested", "partly"]
    assert draw("overview").selectbox(key="pick_run").value == "demo"


def test_badges(folder: Path) -> None:
    tested = StoreReader(folder / "aaa_tested.duckdb").trust_badge()
    assert badge_words(tested) == "EK-FAC LDS 0.31 of a ceiling of 0.75"
    assert badge_words(StoreReader(folder / "demo.duckdb").trust_badge()) == "not tested"


def test_the_facts_of_the_lab_are_plain_values() -> None:
    facts = {fact[0]: " | ".join(fact[1:]) for fact in lab_facts(LAB)}
    assert facts["Documents"] == "of the store 2\u202f000 · planted 25 · cut to the context 0"
    assert facts["Time"] == "this attempt 8 min 32 s · retrainings, all attempts 1 h 6 min"
    assert facts["Seeds"] == "removal 0, 1, 2 · lds 0, 1, 2"
    assert facts["Weight decay"] == "0.1, decoupled | this run's model: not known"
    more = {fact[0]: fact[1] for fact in lab_facts({**LAB, "at_once": None}, more=True)}
    assert set(more) == {"Methods", "Settings", "At once"} and more["At once"] == "–"
    assert more["Settings"].startswith("hidden 48 · layers 2 · epochs 8")
    assert lab_accuracies(LAB) == [
        ["slopes", "8", "3.21", "62 %"],
        ["proofs", "6", "9.50", "0 %"],
    ]


def test_why_a_test_was_not_made_is_what_the_lab_says() -> None:
    said = why_not({"not tested": {"lds": "the time was spent"}}, "lds")
    assert said == ": the time was spent"
    assert why_not({}, "lds") == "" and "traces" in why_not({}, "behaviour_cut")


def test_the_command_quotes_the_store() -> None:
    assert command(Path("/x/a b.duckdb")).endswith("trust 'a b.duckdb'")
    assert command(Path.cwd() / "data" / "demo.duckdb").endswith("trust data/demo.duckdb")


def test_figures_hold_no_tags_of_suites_or_conditions() -> None:
    hostile = "<a href='javascript:alert(1)'>x</a>"
    found = [row for row in rows([0], [hostile]) if row.experiment == "behaviour_cut"]
    drawn = trust_figures.behaviour(
        {"accuracy": [row for row in found if row.quantity == "accuracy"]},
        [],
        {"accuracy": "accuracy", "change": "change"},
    ).to_json()
    assert "&lt;a href" in drawn and "<a" not in drawn


def test_each_ceiling_is_a_line_of_its_own_and_the_axis_counts_documents(folder: Path) -> None:
    report = StoreReader(folder / "aaa_tested.duckdb").trust()
    assert report.one_percent == 20  # of 2,000 documents and 25 planted
    assert report.not_measurable == [("proofs", 6)]
    found = report.of("lds", "LDS")
    means = [row for row in found if row.seed is None and row.query_id is None]
    ceilings = [row for row in means if row.method == "ceiling"]
    drawn = trust_figures.methods_beside([("LDS", means, [])], "ek-fac", ceilings=ceilings)
    said = {each.text for each in drawn.layout.annotations}
    assert {"ceiling, one seed: 0.75", "ceiling, mean of seeds: 0.84"} <= said
    drops = [row for row in report.of("removal", "drop in log-probability") if row.seed is None]
    removal = trust_figures.removal(drops, ["1%"], "ek-fac", True, report.one_percent)
    assert removal.layout.xaxis.title.text.endswith("(1% = 20 documents)")
