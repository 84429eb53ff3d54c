//! Arguments, pinning, medians and result lines: what bench.h is for the programs in C.

use std::future::Future;
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};

pub struct Bench {
    pub peer: &'static str,
    /// Whether the runtimes get an I/O driver.
    pub io: bool,
    pub sleepers: usize,
    pub other_cpu: Option<usize>,
    quick: bool,
    only: Option<String>,
}

impl Bench {
    pub fn from_arguments() -> Bench {
        let mut bench = Bench {
            peer: "tokio",
            io: false,
            sleepers: 0,
            other_cpu: None,
            quick: false,
            only: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => bench.quick = true,
                "--only" => bench.only = arguments.next(),
                "--count" => {
                    let count = arguments.next().and_then(|count| count.parse().ok());
                    bench.sleepers = count.expect("--count takes a number");
                }
                _ => panic!("usage: bench_tokio [--quick] [--only OP] [--count SLEEPERS]"),
            }
        }
        if bench.sleepers == 0 {
            bench.sleepers = if bench.quick { 100_000 } else { 1_000_000 };
        }
        // The last core allowed is the one measured on: interrupts tend to go to the first.
        let cpus = allowed_cpus();
        bench.other_cpu = cpus.iter().rev().nth(1).copied();
        pin(*cpus.last().expect("a core to run on"));
        bench
    }

    pub fn runtime(&self) -> Runtime {
        let mut builder = Builder::new_current_thread();
        builder.enable_time();
        if self.io {
            builder.enable_io();
        }
        builder.build().expect("a runtime")
    }

    pub fn wants(&self, op: &str) -> bool {
        self.only.as_deref().map_or(true, |only| only == op)
    }

    pub fn batch(&self, n: usize) -> usize {
        if self.quick {
            n / 4
        } else {
            n
        }
    }

    pub fn line(&self, op: &str, value: f64, unit: &str) {
        println!("{}\t{}\t{:.2}\t{}", self.peer, op, value, unit);
    }

    /// Median ns per operation; `body(n)` runs n operations and returns how long they took.
    pub fn measure(&self, op: &str, n: usize, mut body: impl FnMut(usize) -> Duration) {
        if !self.wants(op) {
            return;
        }
        body(n);
        let repetitions = if self.quick { 3 } else { 9 };
        let mut values: Vec<f64> = (0..repetitions)
            .map(|_| body(n).as_nanos() as f64 / n as f64)
            .collect();
        values.sort_by(|a, b| a.partial_cmp(b).expect("no NaN"));
        self.line(op, values[repetitions / 2], "ns");
    }

    /// The same inside one warm runtime, with the whole future as the measured time.
    pub fn measure_async<F: Future>(&self, op: &str, n: usize, body: impl Fn(usize) -> F) {
        let runtime = self.runtime();
        self.measure(op, n, |count| {
            runtime.block_on(async {
                let start = Instant::now();
                body(count).await;
                start.elapsed()
            })
        });
    }

    pub fn in_child(&self, body: fn(&Bench)) {
        // Sound: nothing has started a thread yet.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                body(self);
                libc::_exit(0);
            }
            let mut status = 0;
            if child < 0 || libc::waitpid(child, &mut status, 0) != child || status != 0 {
                eprintln!("failed: {} sleep_1m", self.peer);
            }
        }
    }
}

pub fn pin(cpu: usize) {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        let status = libc::sched_setaffinity(0, std::mem::size_of_val(&set), &set);
        assert_eq!(status, 0, "sched_setaffinity");
    }
}

fn allowed_cpus() -> Vec<usize> {
    unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        let status = libc::sched_getaffinity(0, std::mem::size_of_val(&set), &mut set);
        assert_eq!(status, 0, "sched_getaffinity");
        (0..libc::CPU_SETSIZE as usize)
            .filter(|&cpu| libc::CPU_ISSET(cpu, &set))
            .collect()
    }
}
