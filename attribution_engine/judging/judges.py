"""Who judges: a chat model on this machine, or one behind an address that speaks as OpenAI's."""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, Protocol

from attribution_engine.records import InputError, ModelConfig

KEY: Final = "INFLUENCE_JUDGE_KEY"  # environment variable: sent as the address's key, never stored
BATCH: Final = 8  # prompts a model reads at a time
AT_ONCE: Final = 4  # requests that are under way at a time
TRIES: Final = 4
FIRST_WAIT: Final = 1.0  # seconds; doubled at every further try
TIMEOUT: Final = 300.0  # seconds a request may take
PASSING: Final = (408, 409, 429, 500, 502, 503, 504)


class Judge(Protocol):
    """Replies to prompts; `name` is kept with every reply."""

    name: str

    def ask(self, prompts: Sequence[str]) -> list[str]:
        """One reply a prompt, in their order.

        Raises:
            InputError: the judge cannot be reached, or refuses.
        """


def open_judge(where: str, model: str = "", tokens: int = 16, device: str = "auto") -> Judge:
    """The judge that `where` names: an address (http…), else a model's folder or hub id.

    Args:
        model: the model's name at an address.
        tokens: of a reply; models that think first need hundreds.

    Raises:
        InputError: the model does not load, has no chat template, or an address lacks a model.
    """
    if where.startswith(("http://", "https://")):
        if not model:
            raise InputError(f"{where}: say which model is asked there, with --judge-model")
        return AddressJudge(where, model, tokens)
    return LocalJudge(where, tokens, device)


class LocalJudge:
    """A transformers chat model on this machine; replies are greedy."""

    def __init__(self, path: str, tokens: int = 16, device: str = "auto") -> None:
        from attribution_engine.influence.model import load_model, load_tokenizer, resolve_device

        config = ModelConfig(path)
        self.name = path.rstrip("/").rpartition("/")[2] if path.startswith(("/", ".")) else path
        self._device = resolve_device(device)
        self._tokenizer: Any = load_tokenizer(config)
        if not self._tokenizer.chat_template:
            raise InputError(
                f"{path}: this model's tokenizer has no chat template; take a chat model as judge"
            )
        self._model: Any = load_model(config, self._device)
        self._tokens = tokens
        self._tokenizer.padding_side = "left"
        if self._tokenizer.pad_token is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token

    def ask(self, prompts: Sequence[str]) -> list[str]:
        """One reply a prompt, in their order."""
        return [
            reply
            for start in range(0, len(prompts), BATCH)
            for reply in self._reply(prompts[start : start + BATCH])
        ]

    def _reply(self, prompts: Sequence[str]) -> list[str]:
        import torch

        chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
        inputs = self._tokenizer.apply_chat_template(
            chats, add_generation_prompt=True, padding=True, return_tensors="pt", return_dict=True
        )
        inputs = {name: inputs[name].to(self._device) for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            made = self._model.generate(
                **inputs,
                max_new_tokens=self._tokens,
                do_sample=False,
                pad_token_id=self._tokenizer.pad_token_id,
            )
        replies = made[:, inputs["input_ids"].shape[1] :]
        return list(self._tokenizer.batch_decode(replies, skip_special_tokens=True))


class AddressJudge:
    """A model behind an address that answers `/v1/chat/completions`."""

    def __init__(self, address: str, model: str, tokens: int = 16) -> None:
        self.name = model.rstrip("/").rpartition("/")[2] if model.startswith("/") else model
        base = address.rstrip("/").removesuffix("/chat/completions").removesuffix("/v1")
        self._url = f"{base}/v1/chat/completions"
        self._model = model
        self._tokens = tokens

    def ask(self, prompts: Sequence[str]) -> list[str]:
        """One reply a prompt, in their order; several requests are under way at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(self._reply, prompts))

    def _reply(self, prompt: str) -> str:
        wait = FIRST_WAIT
        for attempt in range(1, TRIES + 1):
            try:
                return self._once(prompt)
            except urllib.error.HTTPError as error:
                if error.code not in PASSING or attempt == TRIES:
                    said = error.read(300).decode("utf-8", "replace")
                    raise InputError(
                        f"{self._url}: refused with {error.code} ({' '.join(said.split())[:200]}); "
                        f"check --judge-model and the key in {KEY}"
                    ) from error
            except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
                if attempt == TRIES:
                    raise InputError(
                        f"{self._url}: cannot be reached ({error}); is the judge running?"
                    ) from error
            time.sleep(wait)
            wait *= 2
        raise AssertionError("the last try returns or raises")

    def _once(self, prompt: str) -> str:
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": self._tokens,
            "temperature": 0,
            "stream": False,
        }
        headers = {"Content-Type": "application/json"}
        if key := os.environ.get(KEY):
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answered:
            said = answered.read()
        try:
            reply = json.loads(said)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise InputError(
                f"{self._url}: did not answer as /v1/chat/completions does; check the address"
            ) from error
        return str(reply or "")
