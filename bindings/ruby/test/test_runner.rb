# frozen_string_literal: true

require_relative "helper"

# The life of a runner: made, run several times, closed.
class TestRunner < LibrunnerTest
  def test_R001_a_new_runner_makes_nothing
    before = descriptors
    runner = Librunner::Runner.new
    assert_equal before, descriptors
    refute_predicate runner, :closed?
    refute_predicate runner, :running?
  end

  def test_R002_R003_the_loop_is_made_once
    Librunner::Runner.open do |runner|
      loop = runner.loop
      assert_same loop, runner.run { runner.loop }
      assert_same loop, runner.loop
    end
  end

  def test_R004_one_that_was_not_used_stays_usable_after_a_close
    runner = Librunner::Runner.new
    2.times { assert_nil runner.close }
    refute_predicate runner, :closed?
    assert_equal 1, runner.run { 1 }
    runner.close
    assert_predicate runner, :closed?
  end

  def test_R005_R006_R007_R008_R009_R099_a_closed_runner_refuses_everything
    runner = Librunner::Runner.new
    loop = runner.loop
    task = runner.run { Librunner.spawn { 1 } }
    assert_nil runner.close
    assert_nil runner.close
    assert_predicate runner, :closed?
    refute_predicate runner, :running?
    assert_raises(Librunner::ClosedError) { runner.run { flunk } }
    assert_raises(Librunner::ClosedError) { runner.loop }
    assert_raises(Librunner::ClosedError) { loop.call_soon { flunk } }
    assert_raises(Librunner::ClosedError) { loop.call_soon_threadsafe { flunk } }
    assert_raises(Librunner::ClosedError) { loop.call_later(0) { flunk } }
    assert_raises(Librunner::ClosedError) { loop.create_future }
    assert_equal false, runner.interrupt
    assert_predicate task, :done?
    assert_equal false, task.cancel
    assert_equal 0, task.cancelling + task.uncancel
    assert_nil task.backtrace
    assert_includes runner.inspect, "closed"
  end

  def test_R010_open_closes_it_whatever_leaves_its_block
    kept = nil
    assert_equal 7, Librunner::Runner.open { |runner| kept = runner and runner.run { 7 } }
    assert_predicate kept, :closed?
    assert_raises(KeyError) { Librunner::Runner.open { |runner| (kept = runner).run { raise KeyError } } }
    assert_predicate kept, :closed?
    assert_equal 1, catch(:out) { Librunner::Runner.open { |runner| (kept = runner).loop && throw(:out, 1) } }
    assert_predicate kept, :closed?
    assert_equal(2, Librunner::Runner.open { |runner| (kept = runner).loop && break && 1 || 2 } || 2)
    assert_predicate kept, :closed?
    assert_raises(SystemExit) { Librunner::Runner.open { |runner| (kept = runner).run { nil } || exit } }
    assert_predicate kept, :closed?
  end

  def test_R043_what_was_raised_goes_before_what_the_close_says
    error = RuntimeError.new("mine")
    raised = assert_raises(RuntimeError) do
      Librunner::Runner.open(clock: :virtual, cancel_grace: 0.01) do |runner|
        runner.run do
          Librunner.spawn do
            Librunner.sleep 60
          rescue Librunner::CancelledError
            retry
          end
          Librunner.yield
          raise error
        end
      end
    end
    assert_same error, raised
    raised = assert_raises(RuntimeError) do
      Librunner.run do
        Librunner.spawn do
          Librunner.sleep 60
        ensure
          exit 3
        end
        Librunner.yield
        raise error
      end
    end
    assert_same error, raised
  end

  def test_R021_R053_a_close_that_is_refused_changes_nothing
    Librunner::Runner.open do |runner|
      runner.run do |main|
        child = Librunner.spawn { Librunner.sleep(0.01) || 1 }
        assert_raises(Librunner::RunningError) { runner.close }
        runner.loop.call_soon { assert_raises(Librunner::RunningError) { runner.close } }
        assert_raises(Librunner::BusyError) { Thread.new { runner.close }.tap { |t| t.report_on_exception = false }.value }
        assert_equal 0, main.cancelling
        assert_equal 1, child.await
      end
      refute_predicate runner, :closed?
    end
  end

  def test_R034_tasks_that_are_left_go_on_in_the_next_run
    Librunner::Runner.open(clock: :virtual) do |runner|
      left = runner.run { Librunner.spawn { Librunner.sleep(1) || 5 } }
      refute_predicate left, :done?
      assert_raises(Librunner::InvalidStateError) { left.result }
      assert_equal 5, runner.run { left.await }
    end
  end

  def test_R033_a_run_that_was_stopped_leaves_main_for_the_next
    Librunner::Runner.open(clock: :virtual) do |runner|
      ended = false
      assert_raises(SystemExit) do
        runner.run do
          Librunner.spawn { exit }
          Librunner.sleep 1
          ended = true
        end
      end
      refute ended
      runner.run { Librunner.sleep 2 }
      assert ended
    end
  end

  def test_R030_R031_a_run_inside_of_a_loop_is_refused
    Librunner::Runner.open do |other|
      Librunner::Runner.open do |runner|
        refused = lambda do |*|
          [runner, other].each { |r| assert_raises(Librunner::RunningError) { r.run { flunk } } }
          assert_raises(Librunner::RunningError) { Librunner.run { flunk } }
          true
        end
        runner.run do
          assert refused.call
          assert Fiber.new(&refused).resume
          assert Fiber.new(blocking: true, &refused).resume
          assert Enumerator.new { |y| y << refused.call }.next
          called = []
          runner.loop.call_soon { called << refused.call }
          assert Librunner.spawn(&refused).await
          Librunner.yield
          assert_equal [true], called
        end
      end
      assert_equal 1, other.run { 1 }
    end
  end

  def test_R032_a_run_in_a_thread_is_allowed
    Librunner::Runner.open do |runner|
      runner.run do
        value = Librunner.in_thread do
          assert_raises(Librunner::BusyError) { runner.run { flunk } }
          Librunner.run { Librunner.sleep(0.001) || 7 }
        end
        assert_equal 7, value
      end
    end
  end

  def test_a_run_in_a_fiber_a_thread_and_an_enumerator
    run = ->(*) { Librunner.run { Librunner.spawn { Librunner.sleep(0.001) || 7 }.await } }
    assert_equal 7, Fiber.new(&run).resume
    assert_equal 7, Fiber.new(blocking: true, &run).resume
    assert_equal 7, Fiber.new(&run).transfer
    assert_equal 7, Thread.new(&run).value
    assert_equal [7, 7], Enumerator.new { |y| 2.times { y << run.call } }.then { |e| [e.next, e.next] }
    outer = Fiber.new do
      inner = Fiber.new(&run)
      [run.call, inner.transfer]
    end
    assert_equal [7, 7], outer.resume.then { |value| value.is_a?(Array) ? value : [7, value] }
  end

  def test_runs_of_one_runner_in_several_fibers
    Librunner::Runner.open(clock: :virtual) do |runner|
      left = Fiber.new { runner.run { Librunner.spawn { Librunner.sleep(1) || 5 }.tap { Librunner.yield } } }.resume
      Fiber.new { runner.run { Librunner.sleep(2) } }.resume
      assert_equal 5, left.result
    end
  end

  def test_R045_runners_run_side_by_side
    sums = 4.times.map do |i|
      Thread.new do
        Librunner.run { 50.times.map { |j| Librunner.spawn { Librunner.sleep(j % 3 / 1000.0) || i } }.sum(&:await) }
      end
    end
    assert_equal [0, 50, 100, 150], sums.map(&:value)
  end

  def test_R046_R053_a_runner_is_run_by_one_at_a_time
    Librunner::Runner.open do |runner|
      started, stop = Thread::Queue.new, Thread::Queue.new
      thread = Thread.new do
        runner.run do
          started << 1
          Librunner.sleep 0.001 while stop.empty?
        end
      end
      started.pop
      assert_predicate runner, :running?
      assert_includes runner.inspect, "running"
      assert_raises(Librunner::BusyError) { runner.run { flunk } }
      assert_raises(Librunner::BusyError) { runner.close }
      stop << 1
      thread.join
      refute_predicate runner, :running?
      assert_includes runner.inspect, "idle"
    end
  end

  def test_R047_R048_runners_are_used_by_turns_from_any_thread
    runners = [Librunner::Runner.new, Librunner::Runner.new]
    10.times do |i|
      assert_equal i, Thread.new { runners[i % 2].run { Librunner.sleep(0.001) || i } }.value
    end
    runners.each(&:close)
  end

  def test_R048_two_runners_by_turns_in_one_thread
    runners = [Librunner::Runner.new, Librunner::Runner.new]
    6.times { |i| assert_equal i, runners[i % 2].run { Librunner.sleep(0.001) || i } }
    runners.each(&:close)
  end

  def test_R049_a_close_cancels_the_tasks_of_its_runner_only
    first, second = 2.times.map { Librunner::Runner.new }
    tasks = [first, second].map { |runner| runner.run { Librunner.spawn { Librunner.sleep 60 }.tap { Librunner.yield } } }
    first.close
    assert_predicate tasks[0], :cancelled?
    refute_predicate tasks[1], :done?
    second.close
    assert_predicate tasks[1], :cancelled?
  end

  def test_R050_a_task_is_known_in_its_thread_only
    Librunner.run do |main|
      assert_same main, Librunner::Task.current
      assert_nil Thread.new { Librunner::Task.current }.value
      assert_same main, Fiber.new { Librunner::Task.current }.resume
    end
    assert_nil Librunner::Task.current
  end

  def test_options_are_checked_at_once
    { unknown: 1, debug: 1, clock: :fast, deadlock: "yes", cancel_grace: -1, closable_grace: "long",
      join_timeout: Float::NAN, poll_interval: 0, max_tasks: 0, exception_handler: 5, loop_factory: "x",
      executor_threads: 0, slow_callback: -1 }.each do |name, value|
      assert_raises(ArgumentError, TypeError, "#{name}: #{value}") { Librunner::Runner.new(name => value) }
    end
  end
end
