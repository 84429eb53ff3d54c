"""Random programs. Program `index` of a seed depends on these two numbers alone."""

import random

import plan as planning
from bodies import ERRORS, Body
from themes import EARLY, WEIGHTS


def program(seed, index):
    rng = random.Random(f"{seed}/{index}")
    weights = rng.choice(WEIGHTS)
    plan = planning.make(rng, weights)
    tasks = {}
    for main in plan.mains:
        early = rng.random() < weights.chance("early", EARLY)
        tasks[main.name] = Body(rng, weights, plan, main).write(early)
    tasks["main"][:0] = prologue(rng, plan)
    for other in plan.others:
        tasks[other.name] = Body(rng, weights, plan, other).write()
    return {"name": f"fuzz {seed} {index}", "tasks": tasks, "runs": plan.runs}


def prologue(rng, plan):
    """Main makes what all tasks use, and sees to it that most of it is settled some time."""
    ops = [maker(rng, op, name) for op, names in plan.things.items() for name in names]
    for future in plan.things["future"]:
        if rng.random() < 0.6:
            settle = ["resolve", future, 1] if rng.random() < 0.7 else ["reject", future, ERRORS[0]]
            ops.append(["call_later", rng.choice(plan.times), [settle]])
    for event in plan.things["event_new"]:
        if rng.random() < 0.5:
            ops.append(["call_later", rng.choice(plan.times), [["event_set", event]]])
    return ops


def maker(rng, op, name):
    if op == "sem_new":
        return [op, name, rng.choice((1, 1, 2, 0))]
    if op == "queue_new":
        return [op, name, rng.choice((0, 1, 1, 2))]
    return [op, name]
