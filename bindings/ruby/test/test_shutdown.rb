# frozen_string_literal: true

require_relative "helper"

# What a close does with tasks that are left.
class TestShutdown < LibrunnerTest
  def setup
    @log = []
    @seen = []
  end

  def runner(**options) = Librunner::Runner.new(clock: :virtual, exception_handler: @seen.method(:<<), **options)

  # Runs a block that leaves tasks behind.
  def leaving(**options)
    made = runner(**options)
    @left = made.run { yield.tap { Librunner.yield } }
    made
  end

  def kinds(runner) = runner.report.entries.map(&:kind)

  def test_R079_R083_R089_what_is_left_is_cancelled_and_waited_for
    runner = leaving do
      %w[a b c].map do |name|
        Librunner.spawn(name: name) do
          Librunner.sleep(1000)
        ensure
          @log << "#{name} cancelled"
          Librunner.sleep(1)
          @log << "#{name} ended"
        end
      end
    end
    assert_nil runner.close
    assert_equal ["a cancelled", "b cancelled", "c cancelled", "a ended", "b ended", "c ended"], @log
    assert_empty @seen
    assert @left.all?(&:cancelled?)
  end

  def test_R081_R100_an_error_in_a_cleanup_is_reported_and_the_value_stays
    error = RuntimeError.new("mine")
    value = virtual(exception_handler: @seen.method(:<<)) do
      Librunner.spawn(name: "bad") do
        Librunner.sleep(1000)
      ensure
        raise error
      end
      Librunner.yield || 7
    end
    assert_equal 7, value
    assert_equal 1, @seen.size
    assert_same error, @seen[0].exception
    assert_equal "bad", @seen[0].name
    assert_includes @seen[0].message, "shutdown"
  end

  def test_R082_an_error_in_a_cleanup_after_main_has_failed
    error, other = RuntimeError.new("main"), RuntimeError.new("cleanup")
    raised = assert_raises(RuntimeError) do
      virtual(exception_handler: @seen.method(:<<)) do
        Librunner.spawn do
          Librunner.sleep(1000)
        ensure
          raise other
        end
        Librunner.yield
        raise error
      end
    end
    assert_same error, raised
    assert_equal [other], @seen.map(&:exception)
  end

  def test_R084_a_task_may_refuse_and_end
    runner = leaving do
      Librunner.spawn do
        Librunner.sleep(1000)
      rescue Librunner::CancelledError
        7
      end
    end
    runner.close
    assert_equal 7, @left.result
  end

  def test_R085_one_that_never_ends_is_given_up
    runner = leaving(cancel_grace: 0.01) do
      3.times.map do
        Librunner.spawn do
          Librunner.sleep(1000)
        rescue Librunner::CancelledError
          retry
        ensure
          @log << "unwound" # never: a task that is given up is forgotten where it stands
        end
      end
    end
    assert_raises(Librunner::TimeoutError) { runner.close }
    assert_predicate runner, :closed?
    @left.each do |task|
      assert_raises(Librunner::AbandonedError) { task.result }
      assert_predicate task, :failed?
      assert_equal false, task.cancel
    end
    assert_nil runner.close
    GC.start
    assert_empty @log
  end

  def test_R085_one_that_nothing_can_wake_is_given_up
    runner = leaving do
      Librunner.spawn do
        Librunner.sleep
      rescue Librunner::CancelledError
        retry
      end
    end
    assert_raises(Librunner::DeadlockError) { runner.close }
    assert_predicate runner, :closed?
    assert_raises(Librunner::AbandonedError) { @left.result }
  end

  def test_R086_R087_a_cleanup_may_use_everything_and_spawn
    runner = leaving do
      Librunner.spawn do
        Librunner.sleep(1000)
      ensure
        Librunner.current_loop.call_soon { @log << "callback" }
        Librunner.sleep(1)
        Librunner.timeout(5) { Librunner.sleep(1) }
        Librunner.spawn do
          @log << "late"
          Librunner.sleep(1000)
        ensure
          @log << "late cancelled"
        end
        Librunner.yield
      end
    end
    runner.close
    assert_equal ["callback", "late", "late cancelled"], @log
  end

  def test_R087_tasks_that_spawn_for_ever_are_given_up
    again = proc do
      Librunner.sleep(1000)
    ensure
      Librunner.spawn(&again)
      Librunner.yield
    end
    runner = leaving { Librunner.spawn(&again) }
    assert_raises(Librunner::Error) { runner.close }
    assert_predicate runner, :closed?
  end

  def test_R088_one_that_was_not_begun_never_is
    runner = runner()
    task = runner.run { Librunner.spawn { Librunner.spawn { flunk } } }
    runner.close
    assert_predicate task.result, :cancelled?
  end

  def test_R090_a_base_error_in_a_cleanup_does_not_stop_the_close
    error = SystemExit.new(3)
    runner = leaving do
      3.times.map do |i|
        Librunner.spawn do
          Librunner.sleep(1000)
        ensure
          @log << i
          raise error if i == 1
        end
      end
    end
    assert_same error, assert_raises(SystemExit) { runner.close }
    assert_equal [0, 1, 2], @log
    assert_predicate runner, :closed?
    assert_nil runner.close
    assert_empty @seen
  end

  def test_R098_timers_that_are_left_are_dropped
    runner = runner()
    runner.run { runner.loop.call_later(10) { flunk } }
    runner.close
    assert_equal 0, runner.instance_variable_get(:@engine).kept
  end

  def test_waits_in_ensure_of_main_when_the_run_was_ended
    runner = runner()
    assert_raises(SystemExit) do
      runner.run do
        Librunner.spawn { exit }
        Librunner.sleep(1000)
      rescue Librunner::CancelledError
        @log << "cancelled"
        raise
      ensure
        Librunner.sleep(1)
        @log << "cleaned up"
      end
    end
    assert_empty @log
    runner.close
    assert_equal ["cancelled", "cleaned up"], @log
  end

  def test_a_close_in_another_fiber_or_thread
    [->(&body) { Fiber.new(&body).resume }, ->(&body) { Fiber.new(blocking: true, &body).resume }].each do |elsewhere|
      runner = leaving do
        Librunner.spawn do
          Librunner.sleep(1000)
        ensure
          Librunner.sleep(1)
          @log << "ended"
        end
      end
      elsewhere.call { runner.close }
      assert_equal ["ended"], @log
      @log.clear
    end
    runner = Librunner::Runner.new
    Thread.new { runner.run { Librunner.sleep(0.001) } }.join
    runner.close
    assert_predicate runner, :closed?
  end

  def test_tasks_of_a_thread_that_has_ended_are_given_up_by_a_close_elsewhere
    out, errors, status = child(<<~'RUBY')
      runner = Librunner::Runner.new
      task = Thread.new { runner.run { Librunner.spawn { Librunner.sleep 60 }.tap { Librunner.yield } } }.value
      begin
        runner.close
      rescue FiberError, Librunner::Error => e
        puts e.class
      end
      puts runner.closed?, task.done?
    RUBY
    assert_equal 0, status.exitstatus, errors
    assert_equal %w[true true], out.lines(chomp: true).last(2)
  end

  def test_nothing_is_kept_of_what_was_closed
    runner = runner(cancel_grace: 0.01)
    engine = runner.instance_variable_get(:@engine)
    runner.run do
      10.times { Librunner.spawn { Librunner.sleep(1000) } }
      10.times { Librunner.spawn { raise KeyError }.then { |task| Librunner.yield || task.exception } }
      10.times { Librunner.spawn { 1 }.name = "x" }
      Librunner.spawn do
        Librunner.sleep(1000)
      rescue Librunner::CancelledError
        retry
      end
      Librunner.yield
    end
    assert_raises(Librunner::TimeoutError) { runner.close }
    assert_empty @seen
    assert_empty engine.tasks
    assert_empty engine.failures
    assert_equal 0, engine.kept
    assert_equal 0, engine.class::C.runner_host_count(engine.core)
  end
end
