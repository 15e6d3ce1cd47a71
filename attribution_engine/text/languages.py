"""Syntax of program code in other languages than Python, by the lexers of Pygments."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

# Lexers of languages that are widely used, none of a plug-in, and other names of theirs at a fence.
_NAMES: Final = {
    "c": "h",
    "cpp": "c++ cc cxx hpp",
    "csharp": "cs c#",
    "javascript": "js node mjs",
    "typescript": "ts",
    "go": "golang",
    "rust": "rs",
    "ruby": "rb",
    "kotlin": "kt",
    "bash": "sh zsh shell console",
    "powershell": "ps1",
    "yaml": "yml",
    "json": "jsonc",
    "sql": "mysql postgresql sqlite",
    "html": "htm",
    "haskell": "hs",
    "ocaml": "ml",
    "perl": "pl",
    "fortran": "f90",
    "elixir": "ex",
    "clojure": "clj",
    "make": "makefile",
    "nasm": "asm",
    "objective-c": "objc",
}
_ALONE: Final = (
    "java jsx tsx php swift scala r julia matlab octave css scss toml xml fsharp lua dart pascal "
    "delphi lisp scheme erlang prolog docker groovy solidity verilog vhdl cmake graphql"
)
# Name at a fence -> lexer.
LEXERS: Final[dict[str, str]] = {
    **{name: lexer for lexer, names in _NAMES.items() for name in (lexer, *names.split())},
    **{name: name for name in _ALONE.split()},
}


def lexed(code: str, language: str) -> Iterator[tuple[int, int, str]]:
    """Pieces (start, end, what) of code in a language of `LEXERS`.

    `what` is "syntax" (keywords, operators, punctuation, tags), "number" or "words" (a comment or
    a string); other pieces, such as names, are left out.
    """
    of_type = _kinds()
    for start, token, piece in _lexer(language).get_tokens_unprocessed(code):
        what = next((of_type[each] for each in reversed(token.split()) if each in of_type), None)
        if what is not None and not piece.isspace():
            yield start, start + len(piece), what


@cache
def _lexer(language: str) -> Any:
    # Loading Pygments takes time that only texts with such code pay.
    from pygments.lexers import get_lexer_by_name

    return get_lexer_by_name(LEXERS[language])


@cache
def _kinds() -> dict[Any, str]:
    from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, Punctuation

    return {
        Keyword: "syntax",
        Operator: "syntax",
        Punctuation: "syntax",
        Name.Tag: "syntax",
        Number: "number",
        Literal.String: "words",
        Comment: "words",
        Comment.Preproc: "syntax",
    }
