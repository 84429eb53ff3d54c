//! Running a trivial future on a warm runtime, and on one built and dropped for it.

use crate::bench::Bench;
use std::time::Instant;

pub fn run(bench: &Bench) {
    let runtime = bench.runtime();
    // Tokio leaves SIGINT alone, so there is no variant with signals.
    bench.measure("run_warm_nosignals", bench.batch(200_000), |n| {
        let start = Instant::now();
        for _ in 0..n {
            runtime.block_on(async { std::hint::black_box(()) });
        }
        start.elapsed()
    });
    bench.measure("run_cold", bench.batch(4_000), |n| {
        let start = Instant::now();
        for _ in 0..n {
            bench.runtime().block_on(async { std::hint::black_box(()) });
        }
        start.elapsed()
    });
}
