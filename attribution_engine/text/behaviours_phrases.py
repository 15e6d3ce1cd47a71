"""The phrases by which the rules know what a span of a reasoning trace does; data, no code.

A phrase is written in small letters. A gap "…" stands for none to three words, "……" for none to
eight, "a/b" for a or b; "^" in front means: only at the beginning of the span, after words such as
"so", "but" or "hmm". Phrases match whole words.
"""

from __future__ import annotations

from typing import Final

# Words that may stand before a phrase marked "^".
FILLERS: Final = (
    "so",
    "but",
    "and",
    "or",
    "now",
    "hmm",
    "hm",
    "okay",
    "ok",
    "well",
    "oh",
    "ah",
    "then",
    "also",
    "actually",
    "just",
    "alright",
    "wait",
    "hold on",
    "yeah",
    "right",
    "let's see",
    "let me see",
    "first",
    "again",
    "still",
    "anyway",
    "no",
)

# Another way at the problem, whatever was said before.
ANOTHER_WAY: Final = (
    "another/different/second/third/alternative/alternate/other/easier/quicker/simpler/shorter"
    "/smarter/neater/cleverer/better/faster/cleaner … way/approach/approaches/method/methods"
    "/route/routes/angle/strategy/strategies/technique/idea/perspective/viewpoint/argument/proof"
    "/derivation/calculation/trick",
    "another/different/second/alternative/shorter/cleaner/faster/simpler/other … version/variant"
    "/implementation/solution",
    "other/different … ways to solve/do/see/approach/think/look/get/compute/verify/write",
    "differently",
    "more than one way to",
    "two ways to solve/do/see/approach/think/look/go",
    "could also",
    "can also use/do/solve/approach/try/get",
    "^alternatively",
    "^as an alternative",
    "^or alternatively",
    "^instead i/we could/can/might",
    "could/might/can/would …… instead",
    "one …… another would be",
    "i could have",
    "is/are there … shortcut/pattern/trick/way to",
    "what if i/we … instead",
)

# A guess at a way: exploration where no more certain phrase stands beside it.
TENTATIVE: Final = (
    "^maybe",
    "^perhaps",
    "^what if",
    "^what about",
    "^how about",
    "^suppose instead",
    "^let me/us try",
    "^let me/us consider whether/if/using",
    "my/the first/initial thought/idea/guess/instinct is/was",
    "i can/could think of",
    "i/we might/could also",
    "^let's try",
    "^try",
    "^i could",
    "^i might",
    "^we could",
    "^could i/we/it",
    "^one way/option/idea/approach/possibility",
    "^should i",
    "^i wonder",
    "^how should/do/can/could/would i/we … approach/go/start/begin/proceed/tackle/solve",
    "maybe/perhaps i/we/there/it/use/using/try/a/the/this/that/if/by",
    "i think i/we can use",
    "i'll try",
    "i/we can try",
    "might be … useful/helpful/easier/better",
    "could be … useful/helpful/easier/better",
    "or should/could/can i/we",
    "i/we can/could use/do/take/try/apply either",
    "either of two/these ways",
)

# Begins a check: what follows in its paragraph belongs to it.
CHECKS: Final = (
    "let me/us … check/verify/confirm/recheck/double-check/recalculate/recompute/validate",
    "let's … check/verify/confirm/recheck/double-check/recalculate/recompute/validate",
    "i/we should/can/could/will/must/need/want … check/verify/confirm/test/double-check",
    "i'll … check/verify/confirm/test/double-check",
    "double-check",
    "double check",
    "double-checking",
    "recheck",
    "re-check",
    "sanity check",
    "quick check",
    "^check",
    "^checking",
    "^verify",
    "^verifying",
    "^verification",
    "^to verify/check/confirm/test/validate",
    "^testing",
    "^test",
    "^as a check",
    "^running/tracing it/this/through",
    "^trace through",
    "does it/this/that … handle/work/hold/cover",
    "plugging/putting/substituting it/this/that/these in",
    "^to be sure/safe",
    "make sure i/my",
    "make sure … i/i'm/i've/my/didn't",
    "let me/us make sure",
    "just to make sure",
    "plug/plugging/put/putting/substitute/substituting … back in",
    "back into the original",
    "let's test",
    "let me/us test",
)

# A check in one sentence, or how one ends: no passage begins here.
CHECKED: Final = (
    "is that/this/it right/correct/true/valid/ok/okay",
    "is that/this/it … right/correct/plausible/reasonable/sensible",
    "did i … right/correctly",
    "does that/this/it … make sense/work/hold/match/fit/check",
    "that/this/it/which makes sense",
    "checks out",
    "that/this/it/which/they matches/match/agrees/agree/fits",
    "that/this/it/which/value/result/answer … is/are correct",
    "that/this/it/which … seems/looks right/correct/good/consistent/reasonable",
    "that's … correct/right/consistent",
    "that/this/which is … consistent",
    "works out",
    "coincide/coincides",
    "confirms/confirmed",
    "as it should",
    "as desired/required/wanted/claimed",
    "that/which/this is/was … fine",
    "so yes",
    "^same result/answer/value/thing",
    "^yes/yep/yeah … matches/match/works/correct/right/fits",
    "^correct",
    "^matches",
    "both/all … agree/match/give/return/work/hold",
    "consistent with",
    "same result/answer/value … as/before",
    "again the same",
    "as expected",
    "the/all test/tests pass/passes",
    "it/that/this passes",
    "verified",
    "indeed true/correct/right",
)

BACKTRACKS: Final = (
    "wait … no",
    "but no",
    "oh no",
    "nope",
    "that/this/it/which … isn't/wasn't/can't be/cannot be/doesn't look/doesn't seem … right/correct"
    "/possible/true/valid/enough/accurate",
    "that/this/it/which … is/was not … right/correct/possible/true/valid/enough/accurate",
    "^that/this/it can't/cannot be",
    "that's … not … right/correct/it/true/possible/enough/good/what",
    "that's … wrong/incorrect/impossible/off",
    "that's … mistake/error",
    "that/this/it/which … is/was/seems/looks/be wrong/incorrect/impossible/off",
    "i/we … made … mistake/mistakes/error/errors/slip",
    "there's/there is/was/be … mistake/error",
    "i messed up",
    "my mistake/bad/error",
    "i/i've/have mixed … up",
    "mixed/messed up",
    "oops",
    "^too small/large/big/many/few/slow/high/low",
    "drop/reject/discard that/this/it",
    "counts/counted/counting …… twice",
    "double-counted/double-counts/overcounted/overcounts",
    "has/have to go",
    "extraneous",
    "not the … way",
    "i misread/miscounted/misunderstood/forgot/mixed/confused/overlooked/missed",
    "where did i … wrong",
    "off by one",
    "one too many/few",
    "that/this/it/which doesn't/does not/didn't/won't/wouldn't … work/help/hold/fit/match/lead/add",
    "doesn't … make sense",
    "not working",
    "go/going/went back to/and",
    "i go/went back",
    "start over/again",
    "starting over",
    "begin again/anew",
    "back to the start/beginning",
    "scrap/undo that/this/it",
    "dead end",
    "leads/leading nowhere",
    "getting/gets/got nowhere",
    "getting/got/am/i'm stuck",
    "not/isn't helpful",
    "getting/becoming … complicated/messy/confusing/tangled/long/cumbersome",
    "never mind",
    "scratch that",
    "let me/us correct/fix/redo/rethink/reconsider",
    "i/we need to … redo/fix/correct/rethink",
    "on second thought",
    "that would … fail/break/be wrong",
)

# Takes back what came before, unless it answers a question of the trace itself.
DENIES: Final = ("^no",)

# Begins the trace's answer to a doubt of its own.
REPLIES: Final = ("^yes", "^yep", "^yeah", "^no", "^nope", "^even if/then", "^indeed", "^right")

# Settles on a way or an answer: ends a passage.
SETTLES: Final = (
    "i/i'll/we/we'll/let's stick/stay/go with",
    "i'm settled on",
    "good enough here",
    "i take the/that/this",
    "i'll take the/that/this",
)

# Begins a span that takes back or doubts what came before, if no other phrase says what for.
INTERRUPTS: Final = ("wait", "hold on", "hang on", "oh wait", "oh no", "hmm wait", "whoa")

RESTATES: Final = (
    "the problem/question/task/exercise/statement … says/asks/wants/states/gives/tells/mentions"
    "/is/said/asked",
    "the problem/question/task is",
    "i'm/we're/i am/we are/i was … given/asked/told/supposed",
    "^given the/a/an/two/three/f",
    "^given that the/a/an",
    "the problem/question/task/statement doesn't/does not … say/mention/specify/forbid/state",
    "^we know",
    "i/we need/have/want to … find/compute/calculate/determine/figure/write/return/prove/show/solve"
    "/implement/count",
    "^to recap",
    "^recap",
    "to summarize",
    "to summarise",
    "in summary",
    "^so far",
    "^in other words",
    "^recall",
    "as i/we found/said/computed/saw/calculated/mentioned",
    "the function should/must/takes",
    "the input/output is/are/will",
    "find the",
    "what we want",
    "user wants/asks/needs",
    "supposed to",
    "^to sum up",
    "goal is",
)

# States the answer where a value follows; see `behaviours_answer`.
ANSWER_IS: Final = (
    "answer is",
    "answer to … is",
    "answer should be",
    "answer would be",
    "answer must be",
    "answer will be",
    "answer becomes",
    "final answer",
    "final result is",
    "solution is",
    "solutions are",
    "answers are",
    "^answer",
)

# Hands over a finished program.
PROGRAM_DONE: Final = (
    "this/that should work",
    "final code/function/version/program/solution/implementation",
    "here is/are the … code/function/solution/program/implementation",
    "here's the … code/function/solution/program/implementation",
    "the … code/function/solution/program is/would be/looks/becomes/will be",
    "putting … together",
)

# Begins a conclusion.
CONCLUSION: Final = (
    "so",
    "therefore",
    "thus",
    "hence",
    "consequently",
    "finally",
    "in conclusion",
    "altogether",
    "in total",
    "overall",
    "that means",
    "which means",
    "that gives",
    "this gives",
    "then",
)

# In the first spans of a trace: what the task is.
TASK: Final = (
    "i/we need/want/have",
    "i am/i'm told",
    "find",
    "given",
    "asked/asks/asking",
    "problem/question/task",
    "i'm/we're trying",
    "i am/we are trying",
)
