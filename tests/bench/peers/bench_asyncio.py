#!/usr/bin/env python3
"""The benchmark operations of OPS.md on asyncio, or with `--loop uvloop` on uvloop.

Prints one line per operation: peer, operation, value, unit, separated by tabs.
"""

import argparse
import asyncio
import os
import signal
import statistics
import sys
import threading
import time

ARGS = None
OTHER_CPU = None


def wanted(*ops):
    return ARGS.only is None or ARGS.only in ops


def line(op, value, unit="ns"):
    print(f"{ARGS.loop}\t{op}\t{value:.2f}\t{unit}", flush=True)


def batch(n):
    return n // 4 if ARGS.quick else n


def measure(op, n, elapsed_ns):
    """Median ns per operation; `elapsed_ns(n)` runs n operations and returns how long they took."""
    if not wanted(op):
        return
    elapsed_ns(n)
    values = [elapsed_ns(n) / n for _ in range(3 if ARGS.quick else 9)]
    line(op, statistics.median(values))


def measure_in(runner, op, n, coroutine_function):
    measure(op, n, lambda count: runner.run(coroutine_function(count)))


async def nothing():
    pass


async def spawn_await(n):
    start = time.perf_counter_ns()
    for _ in range(n):
        await asyncio.create_task(nothing())
    return time.perf_counter_ns() - start


def callback_chains(chains):
    """Each callback schedules the next of its chain: run and finish n of them."""

    async def chain(n):
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        left = n

        def callback():
            nonlocal left
            left -= 1
            if left >= chains:
                loop.call_soon(callback)
            elif left == 0:
                done.set_result(None)

        start = time.perf_counter_ns()
        for _ in range(chains):
            loop.call_soon(callback)
        await done
        return time.perf_counter_ns() - start

    return chain


def yields(tasks):
    async def one(n):
        for _ in range(n):
            await asyncio.sleep(0)

    async def all_of_them(n):
        start = time.perf_counter_ns()
        running = [asyncio.create_task(one(n // tasks)) for _ in range(tasks)]
        for task in running:
            await task
        return time.perf_counter_ns() - start

    return all_of_them


async def spawn_park_cancel_await(n):
    loop = asyncio.get_running_loop()

    async def park():
        await loop.create_future()

    start = time.perf_counter_ns()
    for _ in range(n):
        task = asyncio.create_task(park())
        await asyncio.sleep(0)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
    return time.perf_counter_ns() - start


async def timer_fire(n):
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = n

    def fired():
        nonlocal left
        left -= 1
        if left == 0:
            done.set_result(None)

    start = time.perf_counter_ns()
    for i in range(n):
        loop.call_later((1 + i % 8) / 1000, fired)
    await done
    return time.perf_counter_ns() - start


def delays(seconds, count):
    """Delays up to twice as long, from the sequence that the other peers use as well."""
    state = 1
    for _ in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        yield seconds + (state >> 8) % (seconds * 1000) / 1000


def timer_cancel(seconds):
    async def cancel(n):
        """asyncio removes cancelled timers in its next passes: passes belong to the figure."""
        loop = asyncio.get_running_loop()
        armed = [loop.call_later(delay, print) for delay in delays(3600, 100_000)]
        mine = list(delays(seconds, n))
        await asyncio.sleep(0)
        start = time.perf_counter_ns()
        for i, delay in enumerate(mine):
            loop.call_later(delay, print).cancel()
            if i % 1000 == 999:
                await asyncio.sleep(0)
        elapsed = time.perf_counter_ns() - start
        for timer in armed:
            timer.cancel()
        await asyncio.sleep(0)
        return elapsed

    return cancel


def submit_bulk(sender_cpu):
    async def submit(n):
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        left = n

        def received():
            nonlocal left
            left -= 1
            if left == 0:
                done.set_result(None)

        def send():
            if sender_cpu is not None:
                os.sched_setaffinity(0, {sender_cpu})
            for _ in range(n):
                loop.call_soon_threadsafe(received)

        sender = threading.Thread(target=send)
        start = time.perf_counter_ns()
        sender.start()
        await done
        elapsed = time.perf_counter_ns() - start
        sender.join()
        return elapsed

    return submit


async def group(n):
    start = time.perf_counter_ns()
    async with asyncio.TaskGroup() as children:
        for _ in range(n):
            children.create_task(nothing())
    return time.perf_counter_ns() - start


def timeouts(body):
    async def enter_and_leave(n):
        """As for timer_cancel: removing the cancelled timers belongs to the figure."""
        start = time.perf_counter_ns()
        for i in range(n):
            async with asyncio.timeout(60):
                if body is not None:
                    await body()
            if i % 1000 == 999:
                await asyncio.sleep(0)
        return time.perf_counter_ns() - start

    return enter_and_leave


async def yield_once():
    await asyncio.sleep(0)


async def gather(n):
    start = time.perf_counter_ns()
    for _ in range(n // 1000):
        await asyncio.gather(*(yield_once() for _ in range(1000)))
    return time.perf_counter_ns() - start


def uncontended(new):
    async def acquire_and_release(n):
        lock = new()
        start = time.perf_counter_ns()
        for _ in range(n):
            await lock.acquire()
            lock.release()
        return time.perf_counter_ns() - start

    return acquire_and_release


async def lock_contended(n):
    """Both wait before the watch starts; from then on each finds the other one in line."""
    lock = asyncio.Lock()

    async def pass_on():
        for _ in range(n // 2):
            await lock.acquire()
            lock.release()

    await lock.acquire()
    tasks = [asyncio.create_task(pass_on()) for _ in range(2)]
    await asyncio.sleep(0)
    start = time.perf_counter_ns()
    lock.release()
    for task in tasks:
        await task
    return time.perf_counter_ns() - start


async def event(n):
    there, back = asyncio.Event(), asyncio.Event()

    async def ping():
        for _ in range(n // 2):
            there.set()
            await back.wait()
            back.clear()

    async def pong():
        for _ in range(n // 2):
            await there.wait()
            there.clear()
            back.set()

    start = time.perf_counter_ns()
    for task in [asyncio.create_task(pong()), asyncio.create_task(ping())]:
        await task
    return time.perf_counter_ns() - start


def through_queue(maxsize, burst=None):
    """A producer with a burst gives way after so many items."""

    async def hand_over(n):
        queue = asyncio.Queue(maxsize)

        async def produce():
            for i in range(1, n + 1):
                await queue.put(i)
                if burst is not None and i % burst == 0:
                    await asyncio.sleep(0)

        async def consume():
            for _ in range(n):
                await queue.get()

        start = time.perf_counter_ns()
        for task in [asyncio.create_task(consume()), asyncio.create_task(produce())]:
            await task
        return time.perf_counter_ns() - start

    return hand_over


async def executor_round_trip(n):
    loop = asyncio.get_running_loop()
    start = time.perf_counter_ns()
    for _ in range(n):
        await loop.run_in_executor(None, int)
    return time.perf_counter_ns() - start


def warm_runs(runner):
    def run(n):
        start = time.perf_counter_ns()
        for _ in range(n):
            runner.run(nothing())
        return time.perf_counter_ns() - start

    return run


def cold_runs(n):
    start = time.perf_counter_ns()
    for _ in range(n):
        asyncio.run(nothing())
    return time.perf_counter_ns() - start


def memory():
    """Resident bytes and page tables, as bench.h counts them."""
    with open("/proc/self/status", encoding="ascii") as status:
        fields = dict(entry.split(":", 1) for entry in status)
    return sum(int(fields[name].split()[0]) * 1024 for name in ("VmRSS", "VmPTE"))


async def sleepers(n):
    parked = 0

    async def sleep():
        nonlocal parked
        parked += 1
        await asyncio.sleep(3600)

    async def park_all(tasks):
        nonlocal parked
        parked = 0
        start = time.perf_counter_ns()
        for i in range(n):
            tasks[i] = asyncio.create_task(sleep())
        while parked < n:
            await asyncio.sleep(0)
        return time.perf_counter_ns() - start

    tasks = [None] * n
    before = memory()
    line("sleep_1m_cold_ns", await park_all(tasks) / n)
    line("sleep_1m_bytes", (memory() - before) / n, "B")
    for task in tasks:
        task.cancel()
    for task in tasks:
        try:
            await task
        except asyncio.CancelledError:
            pass
    line("sleep_1m_warm_ns", await park_all(tasks) / n)
    # A million pending tasks say nothing more by being cancelled in an orderly way.
    sys.stdout.flush()
    os._exit(0)


def sleepers_in_child():
    """In a process of its own: on a heap with holes in it, memory per task would be too small."""
    child = os.fork()
    if child == 0:
        asyncio.run(sleepers(ARGS.count))
    if os.waitpid(child, 0)[1] != 0:
        print(f"failed: {ARGS.loop} sleep_1m", file=sys.stderr)


def pin():
    """The last core allowed is the one measured on: interrupts tend to go to the first."""
    global OTHER_CPU
    cpus = sorted(os.sched_getaffinity(0))
    OTHER_CPU = cpus[-2] if len(cpus) > 1 else None
    os.sched_setaffinity(0, {cpus[-1]})


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loop", choices=("asyncio", "uvloop"), default="asyncio")
    parser.add_argument("--quick", action="store_true", help="3 repetitions, smaller batches")
    parser.add_argument("--only", metavar="OP", help="run this operation alone")
    parser.add_argument("--count", type=int, help="how many tasks the sleep_1m operations park")
    args = parser.parse_args()
    args.count = args.count or (100_000 if args.quick else 1_000_000)
    return args


def main():
    global ARGS
    ARGS = arguments()
    if ARGS.loop == "uvloop":
        import uvloop

        uvloop.install()
    pin()
    if wanted("sleep_1m_bytes", "sleep_1m_cold_ns", "sleep_1m_warm_ns"):
        sleepers_in_child()
    with asyncio.Runner() as runner:
        measure_in(runner, "spawn_await", batch(20_000), spawn_await)
        measure_in(runner, "callback_task", batch(40_000), callback_chains(1))
        measure_in(runner, "yield_2_callback", batch(40_000), callback_chains(2))
        measure_in(runner, "yield_1", batch(40_000), yields(1))
        measure_in(runner, "yield_2", batch(40_000), yields(2))
        measure_in(runner, "yield_1000", batch(80_000), yields(1000))
        measure_in(runner, "spawn_park_cancel_await", batch(20_000), spawn_park_cancel_await)
        measure_in(runner, "timer_fire_100k", 100_000, timer_fire)
        measure_in(runner, "timer_cancel_100k_armed", batch(100_000), timer_cancel(3600))
        measure_in(runner, "timer_cancel_100k_soonest", batch(100_000), timer_cancel(600))
        measure_in(runner, "submit_bulk", batch(100_000), submit_bulk(None))
        if OTHER_CPU is None:
            print(f"skipped: {ARGS.loop} submit_bulk_2cores (one core only)", file=sys.stderr)
        else:
            measure_in(runner, "submit_bulk_2cores", batch(100_000), submit_bulk(OTHER_CPU))
        measure_in(runner, "executor_round_trip", batch(8_000), executor_round_trip)
        measure_in(runner, "group", 100_000, group)
        measure_in(runner, "group_coroutines", 10_000, group)
        measure_in(runner, "timeout", batch(40_000), timeouts(None))
        measure_in(runner, "timeout_with", batch(40_000), timeouts(nothing))
        measure_in(runner, "gather", batch(20_000), gather)
        measure_in(runner, "lock", batch(200_000), uncontended(asyncio.Lock))
        measure_in(runner, "lock_contended", batch(40_000), lock_contended)
        measure_in(runner, "semaphore", batch(200_000), uncontended(asyncio.Semaphore))
        measure_in(runner, "event", batch(40_000), event)
        measure_in(runner, "queue", batch(80_000), through_queue(64))
        measure_in(runner, "queue_1", batch(40_000), through_queue(1))
        measure_in(runner, "queue_unbounded", batch(80_000), through_queue(0, burst=1000))
        # Runner.run takes SIGINT over only from Python's own handler, so with another one in
        # place the same call measures a run without signals.
        measure("run_warm_signals", batch(8_000), warm_runs(runner))
        saved = signal.signal(signal.SIGINT, lambda signum, frame: os._exit(130))
        measure("run_warm_nosignals", batch(8_000), warm_runs(runner))
        signal.signal(signal.SIGINT, saved)
    measure("run_cold", batch(2_000), cold_runs)


if __name__ == "__main__":
    main()
