//! Many sleeping tasks: what each costs to start and to keep.

use crate::bench::Bench;
use std::cell::Cell;
use std::time::{Duration, Instant};
use tokio::task::{spawn, yield_now};

thread_local! {
    static PARKED: Cell<usize> = Cell::new(0);
}

async fn park_all(count: usize) -> f64 {
    PARKED.with(|parked| parked.set(0));
    let start = Instant::now();
    for _ in 0..count {
        spawn(async {
            PARKED.with(|parked| parked.set(parked.get() + 1));
            tokio::time::sleep(Duration::from_secs(3600)).await;
        });
    }
    while PARKED.with(|parked| parked.get()) < count {
        yield_now().await;
    }
    start.elapsed().as_nanos() as f64 / count as f64
}

/// Resident bytes and page tables, as bench.h counts them.
fn memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc/self/status");
    let kib = |field: &str| -> f64 {
        status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .and_then(|rest| rest.trim().trim_end_matches(" kB").parse().ok())
            .unwrap_or(0.0)
    };
    (kib("VmRSS:") + kib("VmPTE:")) * 1024.0
}

pub fn run(bench: &Bench) {
    let ops = ["sleep_1m_cold_ns", "sleep_1m_bytes", "sleep_1m_warm_ns"];
    if !ops.iter().any(|op| bench.wants(op)) {
        return;
    }
    let runtime = bench.runtime();
    let before = memory();
    let cold = runtime.block_on(park_all(bench.sleepers));
    bench.line("sleep_1m_cold_ns", cold, "ns");
    let bytes = (memory() - before) / bench.sleepers as f64;
    bench.line("sleep_1m_bytes", bytes, "B");
    // Dropping the runtime drops its tasks; the allocator may keep their memory for the next.
    drop(runtime);
    let warm = bench.runtime().block_on(park_all(bench.sleepers));
    bench.line("sleep_1m_warm_ns", warm, "ns");
}
