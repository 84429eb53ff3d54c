# frozen_string_literal: true

require "minitest/autorun"
require "open3"
require "rbconfig"
require "timeout"

# A warning about a file of ours is an error.
module StrictWarnings
  OURS = File.expand_path("..", __dir__)

  def warn(message, category: nil)
    raise "warning: #{message}" if message.include?(OURS) && !message.include?("never closed")
    super
  end
end
Warning.extend(StrictWarnings)

require "librunner"

# From Ruby 3.2 on it has a thread, made at its first use, that stays.
Timeout.timeout(60) { nil }

# LIBRUNNER_TEST_GC=stress: in some tests, the collector runs at each allocation.
StressfulRuns = true if ENV["LIBRUNNER_TEST_GC"] == "stress"

# What the tests share.
class LibrunnerTest < Minitest::Test
  # A run that hangs ends the process, and says where.
  LIMIT = 150

  def before_setup
    super
    @watchdog = Thread.new do
      Kernel.sleep(LIMIT * (gc_stress? ? 4 : 1))
      $stderr.puts "#{self.class}##{name} hangs:", *Thread.main.backtrace
      exit!(70)
    end
    @threads_before = Thread.list
  end

  def after_teardown
    @watchdog.kill
    @watchdog.join
    left = Thread.list - @threads_before - [@watchdog]
    left.each { |thread| thread.join(30) }
    assert_empty left.select(&:alive?), "threads are left"
    assert_nil Fiber.scheduler, "a scheduler is left"
    super
  end

  def gc_stress? = Object.const_defined?(:StressfulRuns)

  # Every allocation collects, in a test that calls this and under the variant for it.
  def under_gc_stress
    GC.stress = gc_stress?
    yield
  ensure
    GC.stress = false
  end

  # A run on a virtual clock: sleeps take no time.
  def virtual(**options, &block) = Librunner.run(clock: :virtual, **options, &block)

  # A run that collects all the time in the variant for it.
  def run_stressed(**options, &block) = under_gc_stress { Librunner.run(**options, &block) }

  # Open descriptors, to be compared.
  def descriptors = Dir.children("/proc/self/fd").size

  # The collector may have closed some that other tests have left.
  def assert_no_descriptors_left(before) = assert_operator(descriptors, :<=, before, "descriptors are left")

  # For what must not take long, which a slow machine spoils now and then, and a fault always.
  def retrying(tries = 5)
    yield
  rescue Minitest::Assertion
    (tries -= 1).positive? ? retry : raise
  end

  # What a program of its own does: [standard output, standard error, Process::Status]. It is killed when
  # the time is over. The block is given its pid and its standard output, to send it signals.
  def child(program, timeout: 60, args: [], env: {})
    prelude = "$stdout.sync = true; require 'librunner'\n"
    lib = $LOAD_PATH.map { |path| "-I#{path}" }
    Open3.popen3(env, RbConfig.ruby, "-w", *lib, "-e", prelude + program, *args, pgroup: true) do |input, out, err, process|
      input.close
      errors = Thread.new { err.read }
      errors.report_on_exception = false
      seen = +""
      Timeout.timeout(timeout) do
        yield process.pid, Lines.new(out, seen) if block_given?
        seen << out.read
        [seen, errors.value, process.value]
      end
    rescue Timeout::Error
      Process.kill(:KILL, -process.pid)
      flunk "the child hangs; it has written: #{seen}#{errors.value}"
    end
  end

  # The lines of a child, one by one.
  Lines = Struct.new(:io, :seen) do
    # Reads until a line comes that is this text.
    def until(text)
      while (line = io.gets)
        seen << line
        return line if line.chomp == text
      end
      raise "the child has ended without #{text.inspect}: #{seen}"
    end
  end
end
