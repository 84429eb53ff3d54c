"""Writes the body of one task definition of a random program.

Every operation has a writer, a method of Body with its name that returns the operation, or None
where it makes no sense; then another is drawn.
"""

from dataclasses import dataclass, replace

ERRORS = ("Boom", "Late", "Odd")
MODES = ("first", "first_error", "all")
ENDS = frozenset(("return", "fail", "raise"))
HANDLERS = (("cancelled", 0.65), ("error", 0.3), ("timeout", 0.15), ("group", 0.2))
DEEPEST = 4


@dataclass(frozen=True)
class Scope:
    """Where the writer stands, as far as that decides what can be written there."""

    depth: int = 0
    group: bool = False
    handler: bool = False
    repeat: bool = False
    closable: bool = False

    def inside(self, **changes):
        return replace(self, depth=self.depth + 1, **changes)


class Body:
    def __init__(self, rng, weights, plan, definition):
        self.rng = rng
        self.random = rng.random
        self.weights = weights
        self.plan = plan
        self.definition = definition
        self.todo = list(definition.children)
        rng.shuffle(self.todo)
        self.futures = plan.things["future"]
        self.mine = []  # handles that this body has bound so far
        self.all = [*plan.handles, *self.futures]
        self.later = [*self.futures, *(handle for handle, one in plan.handles.items()
                                       if one.order > definition.order)]
        self.likely = [*self.futures, *(handle for handle in plan.handles if handle in plan.sure)]

    def write(self, early=False):
        """The whole body; every child of the plan is spawned somewhere in it."""
        length = self.rng.choice((1, 2) if early else (2, 3, 4, 5, 7))
        ops = self.block(Scope(), length * self.plan.scale)
        for child in self.todo:
            place = self.rng.randint(0, max(0, len(ops) - 1))
            ops.insert(place, ["spawn", child[0], child[1].name])
        if not ops or ops[-1][0] not in ENDS:
            chance = self.random()
            if chance < 0.3:
                ops.append(self.return_(None))
            elif chance < 0.4:
                ops.append(self.fail(None))
        return ops

    def block(self, scope, length):
        ops = []
        for _ in range(length):
            if self.plan.room < 0:
                break
            if self.todo and self.random() < (0.1 if scope.handler else 0.7):
                op = self.spawn(scope)
            else:
                op = self.draw(scope)
            if op is not None:
                self.plan.room -= 1
                ops.append(op)
                if op[0] in ENDS:
                    break
        return ops

    def draw(self, scope):
        """Some operation; None if none of a few draws makes sense here."""
        weights = self.weights
        for _ in range(6):
            name = self.rng.choices(weights.names, cum_weights=weights.sums)[0]
            op = WRITERS[name](self, scope)
            if op is not None:
                return op
        return None

    def some(self, scope, most=3):
        """The operations of a scope; None where scopes are deep enough."""
        if scope.depth >= DEEPEST:
            return None
        return self.block(scope, self.rng.randint(1, most if scope.depth < 3 else 1)) or None

    def awaitable(self):
        """A handle to wait for: of a later definition, or a future."""
        return self.pick(self.later)

    def handle(self):
        """Any handle."""
        return self.pick(self.all)

    def pick(self, allowed):
        """Mostly one that is bound already, as far as that can be said."""
        chance = self.random()
        if chance < 0.03:
            return self.rng.choice(allowed) if allowed else None
        if self.mine and chance < 0.6:
            return self.rng.choice(self.mine)
        likely = [handle for handle in self.likely if handle in allowed] or self.mine
        return self.rng.choice(likely) if likely else None

    def handles(self, least, any_chance=0.0):
        count = max(least, self.rng.choice((0, 1, 2, 2, 2, 3, 3)))
        names = [self.handle() if self.random() < any_chance else self.awaitable()
                 for _ in range(count)]
        if None in names:
            return None
        return names if self.random() < 0.1 else list(dict.fromkeys(names))

    def time(self):
        return self.rng.choice(self.plan.times)

    def number(self):
        return int(self.random() * 10)

    # Simple operations

    def log(self, _):
        self.plan.logs += 1
        return ["log", f"note {self.plan.logs}"]

    def yield_(self, _):
        return ["yield"]

    def sleep(self, _):
        return ["sleep", self.time()]

    def return_(self, _):
        return ["return", self.number()]

    def fail(self, _):
        return ["fail", self.rng.choice(ERRORS)]

    def cancel_self(self, _):
        return ["cancel_self"]

    def cancelling(self, _):
        return ["cancelling"]

    def uncancel(self, _):
        return ["uncancel"]

    def var_set(self, _):
        return ["var_set", self.rng.choice(("x1", "x2")), self.number()]

    def var_get(self, _):
        return ["var_get", self.rng.choice(("x1", "x2"))]

    # Tasks and futures

    def spawn(self, scope):
        if scope.repeat or scope.closable:
            return self.spawn_leaf(scope)
        if not self.todo:
            return self.spawn_leaf(scope) if scope.group and self.random() < 0.3 else None
        handle, child = self.todo.pop()
        if not scope.handler and not self.definition.name.startswith("again"):
            self.plan.sure.add(handle)
        in_group = scope.group and self.random() < 0.75
        return self.bind("gspawn" if in_group else "spawn", handle, child)

    def spawn_leaf(self, scope):
        """One more task that spawns nothing: in a repeat, a group, or when a closable is closed."""
        known = [handle for handle in self.later if handle in self.plan.handles
                 and self.plan.handles[handle].leaf and handle != self.plan.own
                 and not (scope.closable and self.plan.handles[handle].closables)]
        if not known:
            return None
        handle = self.rng.choice(known)
        return self.bind("gspawn" if scope.group else "spawn", handle, self.plan.handles[handle])

    def bind(self, op, handle, child):
        self.mine.append(handle)
        return [op, handle, child.name]

    def await_(self, scope):
        if self.plan.own and self.plan.handles[self.plan.own] is self.definition:
            return self.await_itself(scope)
        handle = self.awaitable()
        return ["await", handle] if handle and handle != self.plan.own else None

    def await_itself(self, scope):
        """Once, and nobody else awaits this task: asyncio leaves a mark in it, by which it takes
        the next await for one that was made in the wrong way."""
        if scope.repeat or self.plan.own_awaited:
            return None
        self.plan.own_awaited = True
        return ["await", self.plan.own]

    def cancel(self, _):
        handle = self.handle()
        return handle and ["cancel", handle]

    def state(self, _):
        handle = self.handle()
        return handle and ["state", handle]

    def future(self, _):
        return self.futures and ["future", self.rng.choice(self.futures)] or None

    def resolve(self, _):
        return self.futures and ["resolve", self.rng.choice(self.futures), self.number()] or None

    def reject(self, _):
        futures = self.futures
        return futures and ["reject", self.rng.choice(futures), self.rng.choice(ERRORS)] or None

    def shield(self, _):
        handle = self.handle() if self.random() < 0.1 else self.awaitable()
        return handle and ["shield", handle]

    def gather(self, _):
        handles = self.handles(0)
        return None if handles is None else ["gather", handles, self.random() < 0.5]

    def wait(self, _):
        handles = self.handles(1, 0.1)
        limit = None if self.random() < 0.5 else self.time()
        return handles and ["wait", handles, self.rng.choice(MODES), limit]

    # Scopes

    def try_(self, scope):
        body = self.some(scope.inside())
        if body is None:
            return None
        if body[-1][0] not in ENDS and self.random() < 0.4:
            body.append(["sleep", self.time()])  # something to be interrupted
        handlers = {}
        inside = scope.inside(handler=True)
        for name, chance in HANDLERS:
            if self.random() < chance:
                handlers[name] = self.handler(inside)
        if not handlers or self.random() < 0.35:
            final = self.block(scope.inside(handler=False), self.rng.choice((1, 1, 2)))
            handlers["finally"] = final
        return ["try", body, handlers]

    def handler(self, scope):
        ops = self.block(scope, self.rng.choice((0, 1, 1, 2)) if scope.depth < DEEPEST else 0)
        if ops and ops[-1][0] in ENDS:
            return ops
        chance = self.random()
        if chance < 0.4:
            ops.append(["raise"])
        elif chance < 0.5:
            ops.append(["uncancel"])
        elif chance < 0.6:
            ops.append(self.return_(None))
        elif chance < 0.66:
            ops.append(self.fail(None))
        return ops

    def group(self, scope):
        body = self.some(scope.inside(group=True), 4)
        return body and ["group", body]

    def timeout(self, scope):
        body = self.some(scope.inside())
        return body and ["timeout", self.time(), body]

    def repeat(self, scope):
        if scope.repeat:
            return None
        todo, self.todo = self.todo, []  # a child of the plan is spawned once
        body = self.some(scope.inside(repeat=True))
        self.todo = todo
        return body and ["repeat", self.rng.randint(2, 4), body]

    def closable(self, scope):
        if scope.repeat or scope.closable or not self.definition.closables:
            return None
        todo, self.todo = self.todo, []
        body = self.block(Scope(depth=max(1, scope.depth), closable=True), self.rng.randint(1, 3))
        self.todo = todo
        self.plan.closables += 1
        return ["closable", f"k{self.plan.closables}", body]

    # Events, locks, semaphores, queues

    def thing(self, maker, op, *rest):
        names = self.plan.things[maker]
        return [op, self.rng.choice(names), *rest] if names else None

    def event_set(self, _):
        return self.thing("event_new", "event_set")

    def event_clear(self, _):
        return self.thing("event_new", "event_clear")

    def event_wait(self, _):
        return self.thing("event_new", "event_wait")

    def put(self, _):
        return self.thing("queue_new", "put", self.number())

    def get(self, _):
        return self.thing("queue_new", "get")

    def lock(self, scope):
        return self.hold("lock_new", "lock", scope)

    def sem(self, scope):
        return self.hold("sem_new", "sem", scope)

    def hold(self, maker, op, scope):
        body = self.some(scope.inside()) if self.plan.things[maker] else None
        return body and self.thing(maker, op, body)

    # Callbacks

    def call_soon(self, scope):
        return ["call_soon", self.callback(scope)]

    def call_later(self, scope):
        return ["call_later", self.time(), self.callback(scope)]

    def callback(self, scope):
        ops = []
        inside = scope.inside()
        while not ops or self.random() < 0.3:
            name = self.rng.choice(IN_CALLBACKS if scope.depth < DEEPEST else IN_CALLBACKS[:-2])
            op = WRITERS[name](self, inside)
            if op is not None:
                ops.append(op)
        return ops


IN_CALLBACKS = ("log", "cancel", "cancel", "resolve", "reject", "event_set", "call_soon",
                "call_later")
WRITERS = {name.rstrip("_"): writer for name, writer in vars(Body).items()
           if callable(writer) and not name.startswith("__")}
