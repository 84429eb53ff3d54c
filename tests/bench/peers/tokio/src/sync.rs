//! Groups of tasks, timeouts, and what tasks share: locks, semaphores, channels.

use crate::bench::Bench;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, Mutex, Semaphore};
use tokio::task::{spawn, yield_now, JoinSet};
use tokio::time::timeout;

async fn group(n: usize) {
    let mut children = JoinSet::new();
    for _ in 0..n {
        children.spawn(async {});
    }
    while let Some(outcome) = children.join_next().await {
        outcome.expect("a task that ends");
    }
}

async fn timeout_with(n: usize) {
    for _ in 0..n {
        timeout(Duration::from_secs(60), async {})
            .await
            .expect("a body that is in time");
    }
}

async fn lock(n: usize) {
    let lock = Mutex::new(());
    for _ in 0..n {
        drop(lock.lock().await);
    }
}

async fn semaphore(n: usize) {
    let semaphore = Semaphore::new(1);
    for _ in 0..n {
        drop(semaphore.acquire().await.expect("an open semaphore"));
    }
}

/// Both wait before the watch starts; from then on each finds the other one in line.
async fn lock_contended(n: usize) -> Duration {
    let lock = Arc::new(Mutex::new(()));
    let held = lock.lock().await;
    let running: Vec<_> = (0..2)
        .map(|_| {
            let lock = lock.clone();
            spawn(async move {
                for _ in 0..n / 2 {
                    drop(lock.lock().await);
                }
            })
        })
        .collect();
    yield_now().await;
    let start = Instant::now();
    drop(held);
    for task in running {
        task.await.expect("a task that ends");
    }
    start.elapsed()
}

async fn channel(maxsize: usize, n: usize) {
    let (sender, mut receiver) = mpsc::channel(maxsize);
    let consumer = spawn(async move {
        for _ in 0..n {
            receiver.recv().await.expect("an item");
        }
    });
    let producer = spawn(async move {
        for i in 0..n {
            sender.send(i).await.expect("an open channel");
        }
    });
    consumer.await.expect("a task that ends");
    producer.await.expect("a task that ends");
}

/// The producer gives way after each burst.
async fn unbounded_channel(burst: usize, n: usize) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let consumer = spawn(async move {
        for _ in 0..n {
            receiver.recv().await.expect("an item");
        }
    });
    let producer = spawn(async move {
        for i in 1..=n {
            sender.send(i).expect("an open channel");
            if i % burst == 0 {
                yield_now().await;
            }
        }
    });
    consumer.await.expect("a task that ends");
    producer.await.expect("a task that ends");
}

pub fn run(bench: &Bench) {
    bench.measure_async("group", 100_000, group);
    bench.measure_async("group_coroutines", 10_000, group);
    bench.measure_async("timeout_with", bench.batch(400_000), timeout_with);
    bench.measure_async("lock", bench.batch(1_000_000), lock);
    let runtime = bench.runtime();
    bench.measure("lock_contended", bench.batch(400_000), |n| {
        runtime.block_on(lock_contended(n))
    });
    bench.measure_async("semaphore", bench.batch(1_000_000), semaphore);
    bench.measure_async("queue", bench.batch(400_000), |n| channel(64, n));
    bench.measure_async("queue_1", bench.batch(400_000), |n| channel(1, n));
    bench.measure_async("queue_unbounded", bench.batch(400_000), |n| {
        unbounded_channel(1000, n)
    });
}
