# frozen_string_literal: true

require_relative "helper"

# Tasks: their outcome, their names, who is told of a failure.
class TestTask < LibrunnerTest
  def setup = @seen = []

  def reporting(**options, &block) = virtual(exception_handler: @seen.method(:<<), **options, &block)

  def test_a_task_has_an_outcome_that_many_may_await
    virtual do
      task = Librunner.spawn(name: "seven") { Librunner.sleep(1) || 7 }
      assert_equal "seven", task.name
      refute_predicate task, :done?
      waiters = 3.times.map { Librunner.spawn { task.await } }
      assert_equal [7, 7, 7], waiters.map(&:await)
      assert_equal [7, 7], [task.result, task.await]
      assert_nil task.exception
      assert_predicate task, :done?
      refute_predicate task, :cancelled?
      refute_predicate task, :failed?
    end
  end

  def test_its_value_may_be_anything
    virtual do
      [nil, false, BasicObject.new, Class.new, :x, 2**70, [1], Librunner::CancelledError.new].each do |value|
        task = Librunner.spawn { value }
        got = task.await
        assert BasicObject.instance_method(:equal?).bind_call(value, got)
        assert BasicObject.instance_method(:equal?).bind_call(value, task.result)
      end
    end
  end

  def test_its_error_comes_out_as_it_is_and_through_chains
    virtual do
      error = Class.new(StandardError).new("mine")
      inner = Librunner.spawn { Librunner.sleep(1) || raise(error) }
      middle = Librunner.spawn { inner.await }
      assert_same error, assert_raises(error.class) { middle.await }
      assert_same error, assert_raises(error.class) { inner.await }
      assert_same error, assert_raises(error.class) { inner.result }
      assert_same error, inner.exception
      assert_predicate inner, :failed?
      assert_same error, assert_raises(error.class) { Librunner.spawn { raise error }.await }
    end
  end

  def test_a_frozen_error_and_one_without_a_backtrace
    virtual do
      error = RuntimeError.new("mine").freeze
      assert_same error, assert_raises(RuntimeError) { Librunner.spawn { raise error }.await }
    end
  end

  def test_R155_the_outcome_of_one_that_is_not_done
    virtual do
      task = Librunner.spawn { Librunner.sleep(1) }
      error = assert_raises(Librunner::InvalidStateError) { task.result }
      assert_equal "RUNNER_EPENDING", error.code_name
      assert_raises(Librunner::InvalidStateError) { task.exception }
      task.cancel
      Librunner.sleep(1)
      assert_raises(Librunner::CancelledError) { task.result }
      assert_raises(Librunner::CancelledError) { task.exception }
    end
  end

  def test_exceptions_of_every_base_class_are_given_to_who_awaits
    virtual do
      [ScriptError, NoMemoryError, SecurityError, SystemStackError, Exception, StopIteration].each do |kind|
        assert_raises(kind) { Librunner.spawn { raise kind }.await }
      end
    end
  end

  def test_R038_an_aborting_exception_of_a_child_ends_the_run_and_leaves_main
    [SystemExit.new(3), Interrupt.new, SignalException.new("USR1")].each do |error|
      log = []
      child = nil
      Librunner::Runner.open(clock: :virtual, exception_handler: @seen.method(:<<)) do |runner|
        raised = assert_raises(error.class) do
          runner.run do
            child = Librunner.spawn { raise error }
            Librunner.sleep(1)
            log << "main"
          end
        end
        assert_same error, raised
        assert_empty log
        assert_same error, child.exception
        runner.run { Librunner.sleep(2) }
        assert_equal ["main"], log
      end
      assert_empty @seen
    end
  end

  def test_R038_who_awaits_it_is_given_it_once_more
    error = SystemExit.new(3)
    got = nil
    Librunner::Runner.open(clock: :virtual) do |runner|
      assert_raises(SystemExit) do
        runner.run do
          Librunner.spawn { raise error }.await
        rescue SystemExit => e
          got = e
        end
      end
      runner.run { Librunner.sleep(1) }
    end
    assert_same error, got
  end

  def test_tasks_of_the_batch_of_an_abort_keep_their_turn
    log = []
    Librunner::Runner.open(clock: :virtual) do |runner|
      assert_raises(SystemExit) do
        runner.run do
          %w[a exit c].each do |name|
            Librunner.spawn do
              exit if name == "exit"
              log << name
              Librunner.yield
              log << name
            end
          end
          Librunner.sleep(60)
        end
      end
      assert_equal ["a"], log
      runner.run { Librunner.sleep(1) }
    end
    assert_equal %w[a c a c], log
  end

  def test_R042_a_task_cannot_await_itself
    virtual do
      task = nil
      task = Librunner.spawn { task.await }
      error = assert_raises(Librunner::InvalidStateError) { task.await }
      assert_equal "RUNNER_ESELF", error.code_name
    end
  end

  def test_two_that_await_each_other_are_a_deadlock
    assert_raises(Librunner::DeadlockError) do
      virtual do
        first = second = nil
        first = Librunner.spawn { second.await }
        second = Librunner.spawn { first.await }
        first.await
      end
    end
  end

  def test_R041_one_of_another_runner_cannot_be_awaited
    Librunner::Runner.open do |first|
      task = first.run { Librunner.spawn { Librunner.sleep(0.001) || 7 } }
      Librunner.run do
        assert_raises(Librunner::ForeignError) { task.await }
        assert_raises(Librunner::ForeignError) { task.await(timeout: 1) }
      end
      assert_equal 7, first.run { task.await }
      assert_equal 7, Librunner.run { task.await }, "it is done, which is no wait"
    end
  end

  def test_await_with_a_timeout
    virtual do
      assert_equal 7, Librunner.spawn { 7 }.await(timeout: 1)
      assert_equal 7, Librunner.spawn { 7 }.await(timeout: nil)
      slow = Librunner.spawn { Librunner.sleep(60) }
      assert_raises(Librunner::TimeoutError) { slow.await(timeout: 0.5) }
      assert_predicate slow, :cancelled?
      assert_raises(Librunner::TimeoutError) { Librunner.spawn { Librunner.sleep(60) }.await(timeout: 0) }
      done = Librunner.spawn { 1 }
      Librunner.yield
      assert_equal 1, done.await(timeout: 0)
      error = RuntimeError.new("mine")
      assert_same error, assert_raises(RuntimeError) { Librunner.spawn { raise error }.await(timeout: 1) }
      ["1", Float::NAN, :x, Object.new].each do |wrong|
        task = Librunner.spawn { Librunner.sleep(1) }
        assert_raises(ArgumentError, TypeError) { task.await(timeout: wrong) }
        task.cancel
      end
    end
  end

  def test_names
    virtual do |main|
      task = Librunner.spawn { Librunner.sleep(1) }
      assert_equal ["Task-1", "Task-2"], [main.name, task.name]
      task.name = "other"
      assert_equal "other", task.name
      task.name = nil
      assert_equal "Task-2", task.name
      task.name = :symbol
      assert_equal "symbol", task.name
      task.await
      task.name = "late"
      assert_equal "late", task.name
    end
  end

  def test_inspect_tells_the_state
    virtual do
      tasks = [Librunner.spawn { Librunner.sleep(60) }, Librunner.spawn { 1 },
        Librunner.spawn { raise KeyError }, Librunner.spawn { raise Librunner::CancelledError }]
      Librunner.yield
      tasks[2].exception
      assert_equal ["pending", "done", "failed: KeyError", "cancelled"],
        tasks.map { |task| task.inspect[/Task-\d+ (.*)>/, 1] }
      assert_equal tasks[0].inspect, tasks[0].to_s
      tasks[0].cancel
    end
  end

  def test_backtrace_tells_where_it_waits
    virtual do |main|
      task = Librunner.spawn { Librunner.sleep(60) }
      assert_nil task.backtrace
      Librunner.yield
      assert(task.backtrace.any? { |line| line.include?("test_backtrace_tells_where_it_waits") })
      assert(main.backtrace.any? { |line| line.include?(__FILE__) })
      inner = Librunner.spawn { Enumerator.new { |y| Librunner.sleep(60) || y << 1 }.next }
      Librunner.yield
      assert(inner.backtrace.any? { |line| line.include?("sleep") })
      [task, inner].each(&:cancel)
      Librunner.yield
      assert_nil task.backtrace
    end
  end

  def test_R202_tasks_are_listed
    virtual(name: "main") do |main|
      sleeper = Librunner.spawn(name: "sleeper") { Librunner.sleep(60) }
      waiter = Librunner.spawn { sleeper.await }
      Librunner.yield
      assert_equal [main, sleeper, waiter], Librunner.all_tasks
      assert_equal [main, sleeper, waiter], Librunner::Task.all
      assert_same main, Librunner.current_task
      waiter.cancel
      Librunner.sleep(1)
      assert_equal [main], Librunner.all_tasks
    end
    assert_nil Librunner.current_task
    assert_raises(Librunner::NoTaskError) { Librunner.all_tasks }
  end

  def test_R093_a_failure_that_nobody_takes_is_reported_once
    errors = 3.times.map { |i| RuntimeError.new(i.to_s) }
    kept = reporting do
      errors.map { |error| Librunner.spawn(name: "lost") { raise error } }.tap do |tasks|
        Librunner.yield
        assert_raises(RuntimeError) { tasks[1].await }
        assert_same errors[2], tasks[2].exception
        assert_empty @seen
      end
    end
    assert_equal 1, @seen.size
    assert_same errors[0], @seen[0].exception
    assert_equal "lost", @seen[0].name
    assert_same errors[0], kept[0].exception
  end

  def test_R093_looking_after_the_close_is_too_late_and_works
    task = reporting { Librunner.spawn { raise KeyError, "mine" }.tap { Librunner.yield } }
    assert_equal 1, @seen.size
    assert_raises(KeyError) { task.result }
    assert_raises(KeyError) { task.await }
    assert_equal 1, @seen.size
  end

  def test_no_other_thread_uses_it
    Librunner.run do
      task = Librunner.spawn { Librunner.sleep(60) }
      Librunner.yield
      results = Thread.new do
        [-> { task.await }, -> { task.cancel }, -> { task.cancelling }, -> { task.uncancel },
          -> { task.name = "x" }].map do |use|
          use.call
        rescue Librunner::Error => e
          e.class
        end
      end.value
      assert_equal [Librunner::NoTaskError] + [Librunner::WrongThreadError] * 4, results
      refute_predicate task, :done?
      assert_equal 0, task.cancelling
      task.cancel
    end
  end

  def test_its_outcome_is_there_for_any_thread
    reporting do
      task = Librunner.spawn { 7 }
      error = RuntimeError.new("mine")
      failed = Librunner.spawn { raise error }
      Librunner.yield
      assert_equal 7, Thread.new { task.await }.value
      assert_same error, Thread.new { failed.exception }.value
    end
    assert_empty @seen
  end

  def test_a_task_of_a_closed_runner_says_how_it_has_ended
    left = virtual { Librunner.spawn { Librunner.sleep(60) }.tap { Librunner.yield } }
    assert_predicate left, :cancelled?
    assert_raises(Librunner::CancelledError) { left.await }
    assert_raises(Librunner::CancelledError) { left.await(timeout: 1) }
  end

  def test_what_is_left_between_runs_cannot_be_awaited_there
    Librunner::Runner.open(clock: :virtual) do |runner|
      task = runner.run { Librunner.spawn { Librunner.sleep(1) || 1 } }
      assert_raises(Librunner::NoTaskError) { task.await }
      assert_raises(Librunner::NoTaskError) { task.await(timeout: 1) }
      called = []
      runner.run do
        runner.loop.call_soon { called << assert_raises(Librunner::NoTaskError) { task.await }.class }
        Librunner.yield
      end
      assert_equal 1, called.size
    end
  end
end
