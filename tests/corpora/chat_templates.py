"""A small tokenizer, and chat templates of the styles that models come with."""

from __future__ import annotations

from typing import Final

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

SPECIAL: Final = ("<s>", "</s>", "<|im_start|>", "<|im_end|>", "[INST]", "[/INST]")

CHATML: Final = """{%- for m in messages -%}
<|im_start|>{{ m.role }}
{{ m.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}"""

# An older ChatML that cannot write the head of an answer to come.
CHATML_NO_PROMPT: Final = CHATML.split("{%- if add_generation_prompt")[0]

INST: Final = """{{- bos_token -}}
{%- if messages[0].role == 'assistant' -%}
{{- raise_exception('Conversation roles must alternate user/assistant') -}}
{%- endif -%}
{%- for m in messages -%}
{%- if m.role == 'user' -%}{{- '[INST] ' + m.content + ' [/INST]' -}}
{%- elif m.role == 'assistant' -%}{{- ' ' + m.content | trim + '</s>' -}}
{%- else -%}{{- raise_exception('Only user and assistant roles are supported') -}}
{%- endif -%}
{%- endfor -%}"""

# Starts with the start token; the head of an answer to come opens a thought, past answers do not.
HEADERS: Final = """{{- bos_token -}}
{%- for m in messages -%}
{{- '### ' + m.role + '\n' + m.content + '\n\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '### assistant\n<think>\n' -}}{%- endif -%}"""

# The end-of-turn marker stands after the last answer only.
LAST_MARKER: Final = """{%- for m in messages -%}
{{- m.role + '> ' + m.content -}}
{%- if loop.last and m.role == 'assistant' -%}{{- '</s>' -}}{%- else -%}{{- '\n' -}}{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- 'assistant> ' -}}{%- endif -%}"""

# Drops the thoughts of all answers but the last, as reasoning models do.
DROPS_THOUGHTS: Final = """{%- for m in messages -%}
{%- set said = m.content.split('</think>')[-1] if not loop.last else m.content -%}
{{- '<|im_start|>' + m.role + '\n' + said + '<|im_end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"""

# Writes the thought of the last answer only, empty where it has none, as Qwen3 does.
LAST_THOUGHT: Final = """{%- for m in messages -%}
{%- set said = m.content.split('</think>')[-1].lstrip('\n') -%}
{%- set thought = m.content.split('</think>')[0].split('<think>')[-1].strip('\n')
    if '</think>' in m.content else '' -%}
{{- '<|im_start|>' + m.role + '\n' -}}
{%- if m.role == 'assistant' and loop.last -%}
{{- '<think>\n' + thought + '\n</think>\n\n' -}}
{%- endif -%}
{{- said + '<|im_end|>\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"""

# Writes the last answer only.
DROPS_ANSWERS: Final = """{%- for m in messages -%}
{%- if loop.last or m.role != 'assistant' -%}
{{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"""


def byte_tokenizer(template: str | None, *, starts: bool = True) -> PreTrainedTokenizerFast:
    """One token a byte, the special tokens beside them.

    Args:
        starts: whether the start token is put before a text by default.
    """
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: at for at, token in enumerate((*SPECIAL, *alphabet))}
    inner = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(list(SPECIAL))
    if starts:
        inner.post_processor = processors.TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", 0)]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, bos_token="<s>", eos_token="</s>", chat_template=template
    )
