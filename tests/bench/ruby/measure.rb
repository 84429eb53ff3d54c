# frozen_string_literal: true

# Clock and memory of this process.
module Measure
  # What a busy neighbour takes away is not in the time of the processor.
  CLOCK = ENV["BENCH_CLOCK"] == "cpu" ? Process::CLOCK_PROCESS_CPUTIME_ID : Process::CLOCK_MONOTONIC

  module_function

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end

  def seconds
    start = Process.clock_gettime(CLOCK)
    yield
    Process.clock_gettime(CLOCK) - start
  end

  # Page tables count: a sparse stack costs them as well.
  def memory
    kilobytes = File.foreach("/proc/self/status").sum do |line|
      line.start_with?("VmRSS:", "VmPTE:") ? line.split[1].to_i : 0
    end
    kilobytes * 1024
  end
end
