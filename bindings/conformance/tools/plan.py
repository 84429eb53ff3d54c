"""The skeleton of a random program: its task definitions, who spawns what, and all names.

Definitions have an order. A body spawns only definitions that come later, so that the work is
bounded, also where tasks spawn during the shutdown; and it awaits only tasks of later definitions,
so that no circle of awaits comes about, which CPython cannot cancel.
"""

from dataclasses import dataclass, field

from themes import INTERRUPT, RUNS

TIMES = (0, 1, 1, 2, 3, 5, 10)
MOST_TASKS = 24
"""Tasks that a program makes, as far as can be said beforehand."""
# What main makes first: operation, letter of the names, chance that there are any.
THINGS = (("future", "f", 0.5), ("event_new", "e", 0.35), ("lock_new", "l", 0.35),
          ("sem_new", "s", 0.3), ("queue_new", "q", 0.35))


@dataclass
class Definition:
    name: str
    order: int
    copies: int = 0  # how often it is spawned
    children: list = field(default_factory=list)  # (handle, Definition) still to be spawned
    leaf: bool = False  # whether it spawns nothing
    closables: bool = True  # whether it may make closables


@dataclass
class Plan:
    mains: list
    others: list
    runs: list
    scale: int  # of the bodies' lengths
    times: list  # few, so that much happens in the same instant
    handles: dict = field(default_factory=dict)  # name of a handle -> its definition
    own: str | None = None  # the handle of a task that awaits itself; it is bound once
    own_awaited: bool = False
    things: dict = field(default_factory=dict)  # operation that makes it -> names
    room: int = 200  # how many operations may still be written
    logs: int = 0
    closables: int = 0
    sure: set = field(default_factory=set)  # handles that are bound early, as far as can be said


def make(rng, weights):
    times = [rng.choice(TIMES) for _ in range(rng.randint(1, 4))]
    mains, runs = _runs(rng, weights, times)
    plan = Plan(mains, _others(rng), runs, rng.choice((1, 1, 1, 2)), times)
    _spawn(rng, plan)
    _things(rng, weights, plan)
    return plan


def _runs(rng, weights, times):
    mains = [Definition("main", 0, 1)]
    runs = [{"task": "main"}]
    chance = weights.chance("runs", RUNS)
    while rng.random() < chance and len(runs) < 3:
        if rng.random() < 0.3:
            mains[0].copies += 1
            runs.append({"task": "main"})
        else:
            name = "again" if len(mains) == 1 else f"again{len(mains)}"
            mains.append(Definition(name, 0, 1))
            runs.append({"task": name})
    for run in runs:
        if rng.random() < weights.chance("fresh", 0.15):
            run["context"] = "fresh"
        if rng.random() < weights.chance("interrupt", INTERRUPT):
            run["interrupt_at"] = [rng.choice(times) for _ in range(rng.choice((1, 1, 2)))]
    return mains, runs


def _others(rng):
    others = [Definition(name, order) for order, name in enumerate("abcdgh"[:rng.randint(1, 6)], 1)]
    first_clean = rng.randint(1, len(others))
    for definition in others[first_clean:]:
        definition.closables = False
    return others


def _spawn(rng, plan):
    """Hands out children from above to below; every definition is spawned somewhere."""
    total = 0
    for main in plan.mains:
        for _ in range(rng.randint(1, 4)):
            total += _child(rng, plan, main, rng.choice(plan.others[:3]))
    for definition in plan.others:
        if definition.copies == 0:
            above = [one for one in plan.mains + plan.others[:definition.order - 1] if one.copies]
            total += _child(rng, plan, rng.choice(above), definition)
        later = plan.others[definition.order:]
        wanted = rng.choice((0, 0, 1, 1, 2, 3)) if later else 0
        while wanted and total + definition.copies <= MOST_TASKS:
            total += _child(rng, plan, definition, rng.choice(later))
            wanted -= 1
        definition.leaf = not definition.children
    single = [handle for handle, one in plan.handles.items()
              if one.copies == 1 and plan.mains[0].copies == 1]
    if single and rng.random() < 0.1:
        plan.own = rng.choice(single)


def _child(rng, plan, parent, definition):
    names = [handle for handle, one in plan.handles.items() if one is definition]
    if names and rng.random() < 0.25:
        handle = rng.choice(names)
    else:
        handle = f"{definition.name}{len(names) + 1}"
    plan.handles[handle] = definition
    parent.children.append((handle, definition))
    definition.copies += parent.copies
    return parent.copies


def _things(rng, weights, plan):
    """Few of each kind, so that tasks meet there."""
    more = weights.theme.get("things", 1)
    for op, letter, usual in THINGS:
        count = rng.choice((1, 1, 1, 2, 2, 3)) if rng.random() < min(0.9, usual * more) else 0
        plan.things[op] = [f"{letter}{number}" for number in range(1, count + 1)]
