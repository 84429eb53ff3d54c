"""asyncio's own event loop under a virtual clock, with the orders pinned that asyncio leaves open.

Everything here changes only *when* time passes and in *which order* things happen that a heap or a
set holds. Which turn of the ready queue a thing takes is BaseEventLoop's own.
"""
from __future__ import annotations

import asyncio
import heapq
from asyncio.base_events import BaseEventLoop


class Deadlock(BaseException):
    """Nothing is ready and no timer is set: the real loop would wait for ever.

    It comes out of the wait for events, where no task and no callback is on the stack.
    """


class OrderedSet(dict):
    """A set that goes through its members in the order in which they came."""

    def add(self, member):
        self[member] = None

    def discard(self, member):
        self.pop(member, None)


class OrderedGroup(asyncio.TaskGroup):
    """Cancels its children in spawn order."""

    def __init__(self):
        super().__init__()
        self._tasks = OrderedSet()

    async def __aexit__(self, kind, error, traceback):
        """A body that is thrown away, after a deadlock, must not wait for its children."""
        if kind is not GeneratorExit:
            await super().__aexit__(kind, error, traceback)


class OrderedTimer(asyncio.TimerHandle):
    """Timers of one instant fire in start order."""

    __slots__ = ("number",)

    def __lt__(self, other):
        return (self._when, self.number) < (other._when, other.number)


class VirtualLoop(BaseEventLoop):
    """Time is a whole number of milliseconds, and jumps to the next timer when nothing is ready.

    The loop is its own selector: no file descriptor is ever watched, and nothing ever blocks, so
    that there is nobody to be woken either. All delays are given in milliseconds; asyncio does not
    care for the unit.
    """

    def __init__(self):
        super().__init__()
        self._selector = self
        self._clock_resolution = 1  # a timer is due if its time is below now + 1
        self._asyncgens = OrderedSet()
        self.now = 0
        self.timers = 0
        self.futures: list[asyncio.Future] = []
        """Tasks and bare futures in creation order; none is collected before the end."""
        self.closing = False
        self.over = False
        """Whether the program has ended: what is left is thrown away, and heard of no more."""
        self.stuck = False
        """Whether a phase of the shutdown had to be given up, as it would have waited for ever."""
        self.primitives: list = []
        """The events, locks, semaphores and queues of the program."""
        self.taken_out: list[tuple] = []
        self.leftovers: list[asyncio.Task] = []
        self.closers = (0, 0)
        self.late_closable = False  # made once generators are being closed: it never is
        self.left_behind = False  # by the closables: tasks that nobody cancels any more

    def time(self) -> int:
        return self.now

    def select(self, timeout: int | None) -> tuple:
        if timeout is None:
            raise Deadlock
        if timeout > 0:
            self.now = self._scheduled[0].when()
        return ()

    def _check_closed(self):
        """Bodies that are thrown away release their locks on a loop that is closed by then."""
        if not self.over:
            super()._check_closed()

    def _process_events(self, event_list):
        pass

    def _write_to_self(self):
        pass

    def call_at(self, when, callback, *args, context=None) -> asyncio.TimerHandle:
        self._check_closed()
        timer = OrderedTimer(when, callback, args, self, context)
        timer.number = self.timers
        self.timers += 1
        heapq.heappush(self._scheduled, timer)
        timer._scheduled = True
        return timer

    def create_task(self, coro, **options) -> asyncio.Task:
        task = super().create_task(coro, **options)
        self.futures.append(task)
        return task

    def new_future(self) -> asyncio.Future:
        """A future of the program; those that asyncio makes for itself are not kept."""
        future = self.create_future()
        self.futures.append(future)
        return future

    # The shutdown. Runner.close() asks for all_tasks(), cancels them, waits for them, reports their
    # failures, and then waits for shutdown_asyncgens() in the same way.

    def pending_tasks(self) -> list[asyncio.Task]:
        """In spawn order. Runner.close() goes through this very list again after its wait."""
        tasks = (future for future in self.futures if isinstance(future, asyncio.Task))
        self.leftovers = [task for task in tasks if not task.done()]
        return self.leftovers

    def _asyncgen_firstiter_hook(self, agen):
        self.late_closable |= self._asyncgens_shutdown_called
        super()._asyncgen_firstiter_hook(agen)

    async def shutdown_asyncgens(self):
        """Remembers where the tasks that close the generators begin: they are made next."""
        self.closers = (len(self.futures), len(self.futures) + len(self._asyncgens))
        await super().shutdown_asyncgens()
        self.left_behind = any(
            not future.done()
            for future in self.futures
            if isinstance(future, asyncio.Task) and future is not asyncio.current_task()
        )

    def run_until_complete(self, future):
        try:
            return super().run_until_complete(future)
        except Deadlock:
            if not self.closing:
                raise
            self.stuck = True
            if self._asyncgens_shutdown_called:
                self.give_up_closers()
            else:
                self.give_up_leftovers()

    def give_up_leftovers(self):
        """The tasks that can never end stay as they are; the close goes on without them."""
        for task in self.leftovers:
            if not task.done():
                self.abandon(task)
        self.leftovers[:] = [task for task in self.leftovers if task.done()]

    def give_up_closers(self):
        """The same for generators; the gather that would have told of their errors never ends."""
        for task in self.closing_tasks():
            if not task.done():
                self.abandon(task)
            elif not task.cancelled() and isinstance(task.exception(), Exception):
                self.call_exception_handler(
                    {"message": "", "exception": task.exception(), "asyncgen": None}
                )

    def closing_tasks(self) -> list[asyncio.Task]:
        """Those that close the generators."""
        return self.futures[slice(*self.closers)]

    def abandon(self, task: asyncio.Task):
        """Takes the task out of everything it waits in, so that nothing wakes it any more."""
        waiter = task._fut_waiter
        if waiter is None:
            return
        for callback, _ in waiter._callbacks or ():
            if getattr(callback, "__self__", None) is task:
                waiter.remove_done_callback(callback)
        for primitive in self.primitives:
            for name in ("_waiters", "_getters", "_putters"):
                queue = getattr(primitive, name, None) or ()
                if waiter in queue:
                    queue.remove(waiter)
                    self.taken_out.append((queue, waiter))

    def throw_away(self):
        """The program has ended. What waits in a line leaves it, and has to find itself there."""
        self.over = True
        for queue, waiter in self.taken_out:
            queue.append(waiter)


def all_tasks(loop: VirtualLoop) -> list[asyncio.Task]:
    return loop.pending_tasks()


# Runner.close() takes the set of all tasks from here; sets of tasks have no order.
asyncio.tasks.all_tasks = all_tasks
