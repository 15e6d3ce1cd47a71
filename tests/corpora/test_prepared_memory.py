"""A corpus far larger than what may be in memory is prepared in little memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny_run import write_model

DOCUMENTS = int(os.environ.get("PREPARED_DOCUMENTS", "60_000"))
ALLOWED_MB = 100  # less than these documents and their tokens take as Python objects

CHILD = """
import sys, time
from pathlib import Path
from transformers import AutoTokenizer
from attribution_engine.prepared_corpus import prepare_corpus
from attribution_engine.records import CorpusConfig

def memory(key):
    line = next(x for x in open("/proc/self/status") if x.startswith(key))
    return int(line.split()[1]) / 1024

folder, documents = Path(sys.argv[1]), int(sys.argv[2])
tokenizer = AutoTokenizer.from_pretrained(folder / "model")
before, own, began = memory("VmRSS"), memory("RssAnon"), time.monotonic()
config = CorpusConfig(path=folder / "corpus.jsonl", prompt="q", response="a", source="s")
corpus = prepare_corpus(
    config, tokenizer, context=64, vocabulary=300, folder=folder / "prepared",
    classify=lambda text, ends: [1] * len(ends),
    spans=lambda document: [(0, 5), (5, len(document.text))],
)
seconds, preparing = time.monotonic() - began, memory("VmHWM") - before
assert len(corpus) == documents
assert sum(text.n_positions for text in corpus) == int(corpus.lengths.sum())
assert all(document.text for document in corpus.documents_in(0, documents // 10))
# Pages of mapped files are the kernel's to take back: what is read counts as the process's own.
reading = memory("RssAnon") - own
print(preparing, reading, before, seconds, corpus.n_tokens)
"""


@pytest.mark.slow
def test_a_large_corpus_is_prepared_in_little_memory(tmp_path: Path) -> None:
    write_model(tmp_path / "model")
    with (tmp_path / "corpus.jsonl").open("w") as file:
        for at in range(DOCUMENTS):
            file.write(f'{{"q": "the slope of line {at}?", "a": " is rise over run", "s": "x"}}\n')
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(DOCUMENTS)],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    preparing, reading, before, seconds, n_tokens = map(float, done.stdout.split())
    print(
        f"{DOCUMENTS} documents, {n_tokens:.0f} tokens in {seconds:.0f} s: {preparing:.0f} MB "
        f"beyond {before:.0f} MB at most, {reading:.0f} MB of its own after reading all"
    )
    assert preparing < ALLOWED_MB
    assert reading < ALLOWED_MB
