//! Spawning, yielding, cancelling, and work that comes from or goes to another thread.

use crate::bench::{pin, Bench};
use std::cell::Cell;
use std::future::pending;
use std::time::{Duration, Instant};
use tokio::task::{spawn, spawn_blocking, yield_now};

async fn spawn_await(n: usize) {
    for _ in 0..n {
        spawn(async {}).await.expect("a task that ends");
    }
}

async fn yields(tasks: usize, n: usize) {
    let running: Vec<_> = (0..tasks)
        .map(|_| {
            spawn(async move {
                for _ in 0..n / tasks {
                    yield_now().await;
                }
            })
        })
        .collect();
    for task in running {
        task.await.expect("a task that ends");
    }
}

async fn spawn_park_cancel_await(n: usize) {
    for _ in 0..n {
        let task = spawn(pending::<()>());
        yield_now().await;
        task.abort();
        task.await.expect_err("a cancelled task");
    }
}

async fn executor_round_trip(n: usize) {
    for _ in 0..n {
        spawn_blocking(|| {}).await.expect("a job that ends");
    }
}

thread_local! {
    /// How many of the submitted tasks have run; all of them run on the runtime's thread.
    static RECEIVED: Cell<usize> = Cell::new(0);
}

/// Each message is a task of its own: that is what Tokio offers another thread.
fn submit_bulk(bench: &Bench, sender_cpu: Option<usize>, n: usize) -> Duration {
    let runtime = bench.runtime();
    let handle = runtime.handle().clone();
    RECEIVED.with(|received| received.set(0));
    runtime.block_on(async move {
        let (done, all_received) = tokio::sync::oneshot::channel();
        let start = Instant::now();
        let sender = std::thread::spawn(move || {
            if let Some(cpu) = sender_cpu {
                pin(cpu);
            }
            for _ in 1..n {
                handle.spawn(async { RECEIVED.with(|received| received.set(received.get() + 1)) });
            }
            // Tasks from another thread are run in order, so this one is the last.
            handle.spawn(async move { done.send(Instant::now()) });
        });
        let end = all_received.await.expect("the last message");
        sender.join().expect("a sender that ends");
        RECEIVED.with(|received| assert_eq!(received.get(), n - 1));
        end - start
    })
}

pub fn run(bench: &Bench) {
    bench.measure_async("spawn_await", bench.batch(200_000), spawn_await);
    bench.measure_async("yield_1", bench.batch(400_000), |n| yields(1, n));
    bench.measure_async("yield_2", bench.batch(400_000), |n| yields(2, n));
    bench.measure_async("yield_1000", bench.batch(1_000_000), |n| yields(1000, n));
    bench.measure_async(
        "spawn_park_cancel_await",
        bench.batch(100_000),
        spawn_park_cancel_await,
    );
    bench.measure("submit_bulk", 100_000, |n| submit_bulk(bench, None, n));
    match bench.other_cpu {
        Some(cpu) => bench.measure("submit_bulk_2cores", 100_000, |n| {
            submit_bulk(bench, Some(cpu), n)
        }),
        None => eprintln!("skipped: {} submit_bulk_2cores (one core only)", bench.peer),
    }
    bench.measure_async(
        "executor_round_trip",
        bench.batch(10_000),
        executor_round_trip,
    );
}
