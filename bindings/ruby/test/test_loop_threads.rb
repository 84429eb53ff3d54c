# frozen_string_literal: true

require_relative "helper"

# What other threads and handlers of signals have the loop do.
class TestLoopThreads < LibrunnerTest
  # A callback that counts how often it is called or dropped.
  class Counting
    attr_reader :called, :dropped_times

    def initialize
      @called = @dropped_times = 0
    end

    def call = @called += 1
    def dropped = @dropped_times += 1
  end

  def test_R186_a_callback_of_another_thread_wakes_a_loop_that_waits
    Librunner.run do
      loop = Librunner.current_loop
      100.times do
        future = loop.create_future
        thread = loop.hold do
          Thread.new { loop.call_soon_threadsafe { future.resolve(Thread.current) } }.tap { future.await }
        end
        assert_same Thread.main, future.result
        thread.join
      end
    end
  end

  def test_R099_callbacks_of_one_thread_are_called_in_order
    Librunner.run do
      loop = Librunner.current_loop
      log = []
      all = loop.create_future
      release = loop.hold
      thread = Thread.new do
        1000.times { |i| loop.call_soon_threadsafe { log << i } }
        loop.call_soon_threadsafe { all.resolve }
      end
      all.await
      release.call
      assert_equal (0...1000).to_a, log
      thread.join
    end
  end

  def test_R188_what_other_threads_bring_is_called_or_dropped_or_refused
    10.times do
      runner = Librunner::Runner.new
      loop = runner.loop
      busy = Thread::Queue.new
      threads = Array.new(4) do
        Thread.new do
          mine = []
          Kernel.loop do
            counting = Counting.new
            loop.call_soon_threadsafe(counting)
            mine << counting
            busy << true if mine.size == 10
            Thread.pass if mine.size % 50 == 0
          rescue Librunner::ClosedError
            break
          end
          mine
        end
      end
      runner.run do
        Librunner.sleep(0.003)
        Librunner.sleep(0.001) until busy.size == threads.size # nothing is sure of the time
      end
      runner.close
      accepted = threads.flat_map(&:value)
      assert_equal [1], accepted.map { |it| it.called + it.dropped_times }.uniq
      assert_raises(Librunner::ClosedError) { loop.call_soon_threadsafe { flunk } }
      assert_equal 0, runner.instance_variable_get(:@engine).kept
    end
  end

  def test_R099_what_was_brought_before_the_close_is_called_by_it
    counting = Counting.new
    Librunner::Runner.open { |runner| runner.loop.call_soon_threadsafe(counting) }
    assert_equal [1, 0], [counting.called, counting.dropped_times]
  end

  # When that comes, a race decides: here it is told by hand.
  def test_R098_a_drop_that_raises_is_reported
    error = RuntimeError.new("mine")
    callback = Struct.new(:error) do
      def call = nil
      def dropped = raise(error)
    end
    reported = []
    Librunner.run(exception_handler: reported.method(:<<)) do
      engine = Librunner.const_get(:Driver).current
      posted = Librunner.const_get(:Posted).new(engine, callback.new(error))
      engine.dropped(0, engine.keep(posted))
      assert_equal 0, engine.kept
    end
    assert_equal [error], reported.map(&:exception)
  end

  def test_what_is_posted_between_two_runs_is_called_in_the_next
    Librunner::Runner.open do |runner|
      log = []
      runner.run {}
      Thread.new { runner.loop.call_soon_threadsafe { log << 1 } }.join
      assert_empty log
      runner.run { Librunner.yield }
      assert_equal [1], log
    end
  end

  def test_without_a_hold_waiting_for_a_thread_is_a_deadlock
    assert_raises(Librunner::DeadlockError) do
      Librunner.run { Librunner.current_loop.create_future.await }
    end
  end

  def test_who_holds_the_loop_keeps_it_from_a_deadlock
    Librunner::Runner.open do |runner|
      release = runner.loop.hold
      thread = nil
      assert_raises(Librunner::DeadlockError) do
        runner.run do
          thread = Thread.new { release.call } # the loop is told
          runner.loop.create_future.await
        end
      end
      thread.join
      assert_nil release.call
    end
  end

  def test_a_hold_ends_once
    Librunner::Runner.open do |runner|
      2.times.map { runner.loop.hold }.first.then { |release| 3.times { release.call } }
      thread = nil
      runner.run do
        future = runner.loop.create_future
        thread = Thread.new { runner.loop.call_soon_threadsafe { future.resolve } }
        future.await # the other one holds it
      end
      thread.join
    end
  end

  def test_a_hold_with_a_block
    Librunner.run do
      loop = Librunner.current_loop
      assert_equal 7, loop.hold { 7 }
      assert_raises(KeyError) { loop.hold { raise KeyError } }
    end
    assert_raises(Librunner::DeadlockError) do
      Librunner.run do
        Librunner.current_loop.hold {}
        Librunner.current_loop.create_future.await
      end
    end
  end

  def test_without_deadlock_detection_the_loop_waits
    Librunner.run(deadlock: false) do
      loop = Librunner.current_loop
      future = loop.create_future
      thread = Thread.new { loop.call_soon_threadsafe { future.resolve(1) } }
      assert_equal 1, future.await
      thread.join
    end
  end

  def test_R045_each_thread_has_a_runner_of_its_own
    results = Array.new(4) do |i|
      Thread.new do
        Librunner.run do
          loop = Librunner.current_loop
          future = loop.create_future
          loop.call_later(0.001 * i) { future.resolve([i, Librunner.current_loop.equal?(loop)]) }
          future.await
        end
      end
    end
    assert_equal [0, 1, 2, 3].map { |i| [i, true] }, results.map(&:value)
  end

  def test_a_handler_of_a_signal_wakes_the_loop
    out, err, status = child(<<~RUBY)
      Librunner.run(deadlock: false) do
        loop = Librunner.current_loop
        future = loop.create_future
        trap(:USR1) { loop.call_soon_threadsafe { future.resolve("from the handler") } }
        Process.kill(:USR1, $$)
        puts future.await
        handled = 0
        future = loop.create_future
        trap(:USR1) do
          handled += 1
          loop.call_soon_threadsafe { future.resolve if handled == 100 && !future.done? }
        end
        sender = Thread.new do
          before = 0
          100.times do
            Process.kill(:USR1, $$)
            Thread.pass until handled > before
            before = handled
          end
        end
        future.await
        sender.join
        puts handled
      end
    RUBY
    assert_equal ["from the handler\n100\n", "", 0], [out, err, status.exitstatus]
  end

  def test_R201_the_loop_of_the_parent_is_refused_in_a_child_process
    out, _err, status = child(<<~RUBY)
      runner = Librunner::Runner.new
      loop = runner.loop
      child = fork do
        %i[call_soon_threadsafe hold call_soon create_future].each do |use|
          use.to_s.start_with?("call") ? loop.public_send(use) {} : loop.public_send(use)
          puts "accepted"
        rescue Librunner::ForkError
          puts "refused"
        end
        exit!(0)
      end
      Process.wait(child)
      runner.run { loop.call_soon { puts "parent" }; Librunner.yield }
      runner.close
    RUBY
    assert_equal ["refused\n" * 4 + "parent\n", 0], [out, status.exitstatus]
  end
end
