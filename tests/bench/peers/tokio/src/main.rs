//! The benchmark operations of OPS.md on Tokio's current_thread runtime: as peer `tokio` without
//! the I/O driver, as `tokio_io` with it. One line per operation: peer, operation, value, unit.

mod bench;
mod memory;
mod runs;
mod sync;
mod tasks;
mod timers;

use bench::Bench;

fn main() {
    let mut bench = Bench::from_arguments();
    // First and each in a process of its own: on a used heap, memory per task would be too small.
    bench.in_child(memory::run);
    for (peer, io) in [("tokio", false), ("tokio_io", true)] {
        bench.peer = peer;
        bench.io = io;
        tasks::run(&bench);
        timers::run(&bench);
        sync::run(&bench);
        runs::run(&bench);
    }
}
