//! Timers: a `Sleep` is armed by its first poll and disarmed by being dropped.

use crate::bench::Bench;
use std::future::{poll_fn, Future};
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::time::{sleep, Sleep};

/// Delays up to twice as long as given, from the sequence that the other peers use as well.
struct Delays(u32);

impl Delays {
    fn next(&mut self, seconds: u64) -> Duration {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        Duration::from_millis(seconds * 1000 + u64::from(self.0 >> 8) % (seconds * 1000))
    }
}

async fn arm(mut timer: Pin<&mut Sleep>) {
    poll_fn(|context| {
        let _ = timer.as_mut().poll(context);
        Poll::Ready(())
    })
    .await;
}

/// Boxed, because a timer must not move once it is armed.
async fn armed(delay: Duration) -> Pin<Box<Sleep>> {
    let mut timer = Box::pin(sleep(delay));
    arm(timer.as_mut()).await;
    timer
}

async fn fire(n: usize) -> Duration {
    let mut timers = Vec::with_capacity(n);
    let start = Instant::now();
    for i in 0..n {
        timers.push(armed(Duration::from_millis(1 + i as u64 % 8)).await);
    }
    for timer in timers {
        timer.await;
    }
    start.elapsed()
}

async fn cancel(seconds: u64, n: usize) -> Duration {
    let mut delays = Delays(1);
    let mut others = Vec::with_capacity(100_000);
    for _ in 0..100_000 {
        others.push(armed(delays.next(3600)).await);
    }
    let start = Instant::now();
    for _ in 0..n {
        let timer = sleep(delays.next(seconds));
        tokio::pin!(timer);
        arm(timer.as_mut()).await;
    }
    start.elapsed()
}

pub fn run(bench: &Bench) {
    let runtime = bench.runtime();
    bench.measure("timer_fire_100k", 100_000, |n| runtime.block_on(fire(n)));
    bench.measure("timer_cancel_100k_armed", bench.batch(200_000), |n| {
        runtime.block_on(cancel(3600, n))
    });
    bench.measure("timer_cancel_100k_soonest", bench.batch(200_000), |n| {
        runtime.block_on(cancel(600, n))
    });
}
