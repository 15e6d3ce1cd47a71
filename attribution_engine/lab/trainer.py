"""One training: its settings, its steps, its checkpoint."""

from __future__ import annotations

import math
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from tqdm import tqdm
from transformers import LlamaForCausalLM

from attribution_engine.lab.batches import IGNORED, Example, count_tokens, endless_batches, pad
from attribution_engine.lab.tokenizer import VOCABULARY

BAR = "{l_bar}{bar}| {elapsed} so far, {remaining} left{postfix}"


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How the model looks and how it is trained.

    Attributes:
        vocabulary, hidden, layers, heads, inner: the shape of the Llama; `inner` is the width of
            its MLP.
        context: longest input in tokens; longer documents are cut into pieces.
        batch_tokens: padded tokens a step may hold.
        epochs: passes over the corpus when time allows.
        minutes: time budget; the learning rate has decayed when it ends. None = no limit.
        learning_rate, weight_decay, clip: AdamW and the largest gradient norm.
        warmup: part of the training in which the learning rate rises.
        floor: last learning rate as a part of the highest.
        held_out: part of the documents never trained on, to measure the loss.
        checkpoint_minutes: time between two checkpoints.
        bf16: autocast to bfloat16; None = on CUDA, and on a CPU if measured to be faster.
        saved: dtype of the saved weights; what is measured is measured with the weights as saved.
        compiled: let torch compile the pass where there is a C++ compiler.
        text: the field of the corpus that is trained on.
        prompt, response: in place of `text`; the prompt carries no loss.
    """

    vocabulary: int = VOCABULARY
    hidden: int = 128
    layers: int = 5
    heads: int = 4
    inner: int = 384
    context: int = 512
    batch_tokens: int = 2048
    epochs: float = 24.0
    minutes: float | None = 28.0
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    clip: float = 1.0
    warmup: float = 0.02
    floor: float = 0.02
    held_out: float = 0.02
    checkpoint_minutes: float = 2.0
    bf16: bool | None = None
    saved: str = "float32"
    compiled: bool = False
    text: str = "text"
    prompt: str | None = None
    response: str | None = None


@dataclass
class Progress:
    """What a checkpoint keeps beside the weights.

    Attributes:
        step: optimizer steps taken.
        seconds: time spent in training, interruptions left out.
        tokens: target tokens seen.
        first_loss, last_loss: mean loss per token at the first step and, smoothed, at the last.
        history: [step, smoothed loss] now and then.
    """

    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    first_loss: float = math.nan
    last_loss: float = math.nan
    history: list[tuple[int, float]] = field(default_factory=list)


def token_loss(
    model: LlamaForCausalLM, inputs: torch.Tensor, targets: torch.Tensor, bf16: bool
) -> torch.Tensor:
    """Summed negative log-likelihood of the next tokens, in nats."""
    with torch.autocast(inputs.device.type, torch.bfloat16, enabled=bf16):
        logits = model(input_ids=inputs, use_cache=False).logits
    return torch.nn.functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1),
        targets[:, 1:].flatten(),
        ignore_index=IGNORED,
        reduction="sum",
    )


def rate_at(fraction: float, settings: TrainingSettings) -> float:
    """Learning rate after a fraction (0..1) of the training: linear rise, cosine fall."""
    if fraction < settings.warmup:
        return settings.learning_rate * max(fraction, 1e-3) / settings.warmup
    fall = (fraction - settings.warmup) / (1 - settings.warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * min(fall, 1.0)))
    return settings.learning_rate * (settings.floor + (1 - settings.floor) * cosine)


@contextmanager
def postponed_interrupt() -> Iterator[list[bool]]:
    """Hold Ctrl-C back until the step under way is complete.

    Yields a list that is no longer empty once Ctrl-C was pressed. Outside the main thread,
    where Python allows no handler, nothing is held back.
    """
    pressed: list[bool] = []
    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    before = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(True))
    try:
        yield pressed
    finally:
        signal.signal(signal.SIGINT, before)


class Trainer:
    """Model, optimizer and progress of one training, with their checkpoint."""

    def __init__(
        self,
        model: LlamaForCausalLM,
        settings: TrainingSettings,
        checkpoint: Path,
        mark: str,
        seed: int,
    ) -> None:
        self.model = model
        self.settings = settings
        self.checkpoint = checkpoint
        self.mark = mark
        self.seed = seed
        self.progress = Progress()
        self.loss: Callable[..., torch.Tensor] = token_loss
        if settings.compiled and shutil.which("c++"):
            self.loss = torch.compile(token_loss, dynamic=True)
        self.optimizer = torch.optim.AdamW(
            model.parameters(),
            lr=settings.learning_rate,
            betas=(0.9, 0.95),
            weight_decay=settings.weight_decay,
            fused=True,
        )

    def load(self) -> bool:
        """Go on from the checkpoint if it belongs to the same corpus, settings and seed."""
        if not self.checkpoint.is_file():
            return False
        state = torch.load(self.checkpoint, map_location=self.model.device, weights_only=True)
        if state["mark"] != self.mark:
            return False
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.progress = Progress(**state["progress"])
        return True

    def save(self) -> None:
        """Write the checkpoint, elsewhere first."""
        partial = self.checkpoint.with_suffix(".partial")
        state = {
            "mark": self.mark,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "progress": asdict(self.progress),
        }
        torch.save(state, partial)
        partial.replace(self.checkpoint)

    def fraction(self, steps: int) -> float:
        """How much of the training is done, by steps or by time, whichever is further."""
        budget = self.settings.minutes
        spent = self.progress.seconds / (60 * budget) if budget else 0.0
        return max(self.progress.step / steps, spent)

    def step(self, documents: list[Example], padding: int, steps: int, bf16: bool) -> None:
        """Take one optimizer step on a batch."""
        start = time.perf_counter()
        inputs, targets = pad(documents, padding)
        inputs, targets = inputs.to(self.model.device), targets.to(self.model.device)
        count = count_tokens(documents)
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.fraction(steps), self.settings)
        loss = self.loss(self.model, inputs, targets, bf16) / count
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        self.note(float(loss.detach()), count, time.perf_counter() - start)

    def note(self, loss: float, count: int, seconds: float) -> None:
        """Count a step that was taken."""
        progress = self.progress
        if progress.step == 0:
            progress.first_loss = progress.last_loss = loss
        progress.last_loss = 0.98 * progress.last_loss + 0.02 * loss
        progress.step += 1
        progress.tokens += count
        progress.seconds += seconds
        if progress.step % 100 == 0:
            progress.history.append((progress.step, round(progress.last_loss, 4)))

    def run(self, documents: list[Example], padding: int, steps: int, bf16: bool) -> None:
        """Take steps until the training is done, with a progress bar and checkpoints.

        Raises:
            KeyboardInterrupt: Ctrl-C; the step under way is finished and a checkpoint written.
        """
        settings, progress = self.settings, self.progress
        batches = endless_batches(documents, settings.batch_tokens, self.seed, progress.step)
        saved = progress.seconds
        self.model.train()
        bar = tqdm(total=100.0, desc="training", unit="%", bar_format=BAR)
        with bar, postponed_interrupt() as pressed:
            while self.fraction(steps) < 1.0:
                self.step(next(batches), padding, steps, bf16)
                bar.update(100.0 * min(1.0, self.fraction(steps)) - bar.n)
                rate = progress.tokens / max(progress.seconds, 1e-9)
                bar.set_postfix_str(
                    f"step {progress.step}, loss {progress.last_loss:.3f}, {rate:,.0f} tokens/s",
                    refresh=False,
                )
                if pressed or progress.seconds - saved > 60 * settings.checkpoint_minutes:
                    self.save()
                    saved = progress.seconds
                if pressed:
                    raise KeyboardInterrupt
