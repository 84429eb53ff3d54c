"""How often each operation stands in a random program: the usual weights, and what a theme changes.

The names are those of the writers in `bodies.py`, mostly operations.
"""

from itertools import accumulate

USUAL = {
    "log": 4, "yield": 5, "sleep": 8, "spawn": 7, "await": 7, "return": 1, "fail": 1, "try": 7,
    "cancel": 4, "cancel_self": 0.7, "cancelling": 1, "uncancel": 0.7, "state": 3,
    "future": 0.4, "resolve": 2, "reject": 0.8, "shield": 2, "gather": 2, "wait": 2,
    "group": 4, "timeout": 4, "event_set": 1.5, "event_clear": 0.5, "event_wait": 1.5,
    "lock": 2, "sem": 2, "put": 2, "get": 1.7, "call_soon": 1.5, "call_later": 2.5,
    "var_set": 0.7, "var_get": 0.7, "closable": 0.7, "repeat": 1,
}

# What a theme multiplies. "runs", "interrupt", "early" (main ends soon) and "things" (names of
# events, locks and so on that there are) are about the program as a whole.
THEMES = {
    "mixed": {},
    "groups": {"group": 4, "spawn": 1.5, "fail": 2, "try": 1.3},
    "timeouts": {"timeout": 4, "sleep": 1.5, "cancel": 1.3, "shield": 1.5},
    "shields": {"shield": 6, "cancel": 2, "try": 1.5, "fail": 1.5},
    "gathers": {"gather": 5, "wait": 3, "fail": 1.5, "cancel": 1.5},
    "waits": {"wait": 6, "timeout": 1.5, "state": 1.5, "fail": 1.5},
    "cancels": {"cancel": 4, "cancel_self": 5, "try": 2, "uncancel": 4, "cancelling": 3},
    "interrupts": {"interrupt": 6, "try": 2, "uncancel": 2, "cancelling": 2, "runs": 1.5},
    "locks": {"lock": 6, "sem": 5, "timeout": 1.5, "cancel": 1.5, "things": 2},
    "queues": {"put": 6, "get": 5, "timeout": 1.5, "cancel": 1.3, "repeat": 2, "things": 2},
    "events": {"event_wait": 5, "event_set": 3, "event_clear": 2, "things": 2},
    "futures": {"future": 4, "resolve": 4, "reject": 4, "state": 2, "things": 2, "call_later": 1.5},
    "callbacks": {"call_soon": 6, "call_later": 4, "yield": 2, "things": 1.5},
    "closables": {"closable": 8, "early": 2, "runs": 1.3},
    "shutdown": {"early": 4, "try": 3, "sleep": 1.5, "spawn": 1.5, "closable": 2, "fail": 1.5},
    "contexts": {"var_set": 8, "var_get": 9, "runs": 2, "spawn": 1.5, "call_soon": 0.3},
    "errors": {"fail": 5, "reject": 3, "try": 2, "state": 1.5},
    "runs": {"runs": 4, "early": 2, "interrupt": 1.5},
}

# Chances by themselves, each multiplied by the theme's factor.
RUNS, INTERRUPT, EARLY = 0.15, 0.12, 0.15


class Weights:
    """Draws the next operation of a body. A `focus` of 2 applies the factors of a theme twice."""

    def __init__(self, theme, focus):
        self.theme = {name: factor**focus for name, factor in THEMES[theme].items()}
        self.names = tuple(USUAL)
        self.sums = tuple(accumulate(USUAL[name] * self.theme.get(name, 1) for name in self.names))

    def chance(self, what, usual):
        return min(0.9, usual * self.theme.get(what, 1))


WEIGHTS = [Weights(theme, focus) for theme in THEMES for focus in (1, 2)]
