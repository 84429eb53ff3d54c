# frozen_string_literal: true

require_relative "helper"

# One run: its value, its error, what leaves its block by force.
class TestRun < LibrunnerTest
  def test_R025_R026_R027_the_value_of_the_block_comes_out
    value = Object.new
    assert_same value, Librunner.run { value }
    assert_same value, Librunner.run { Librunner.yield || value }
    assert_nil Librunner.run { nil }
    assert_equal false, Librunner.run { false }
    opaque = BasicObject.new
    assert BasicObject.instance_method(:equal?).bind_call(opaque, Librunner.run { opaque })
  end

  def test_R026_the_very_error_comes_out
    error = RuntimeError.new("mine")
    raised = assert_raises(RuntimeError) { Librunner.run { raise error } }
    assert_same error, raised
    assert_includes raised.backtrace.first, __FILE__
    raised = assert_raises(RuntimeError) { Librunner.run { Librunner.yield || raise(error) } }
    assert_same error, raised
  end

  def test_the_block_is_given_its_task
    Librunner.run do |task|
      assert_same Librunner::Task.current, task
      assert_equal "Task-1", task.name
      assert_equal 1, task.id
    end
    assert_nil Librunner::Task.current
    Librunner.run(name: "main") { |task| assert_equal "main", task.name }
  end

  def test_next_gives_the_value
    assert_equal 3, Librunner.run { next 3 }
  end

  def test_R029_a_main_that_says_so_counts_as_cancelled
    error = Librunner::CancelledError.new("mine")
    raised = assert_raises(Librunner::CancelledError) { Librunner.run { raise error } }
    assert_equal "mine", raised.message
  end

  def test_break_and_return_and_throw_leave_no_block
    assert_raises(LocalJumpError) { breaking }
    assert_raises(LocalJumpError) { returning }
    assert_raises(UncaughtThrowError) { catch(:out) { Librunner.run { throw :out } } }
    cleaned = false
    assert_raises(LocalJumpError) do
      Librunner.run do
        break
      ensure
        Librunner.yield
        cleaned = true
      end
    end
    assert cleaned
  end

  def returning = Librunner.run { return 1 }

  def breaking = Librunner.run { break 1 }

  def test_redo_and_retry_stay_inside
    count = 0
    value = Librunner.run do
      count += 1
      Librunner.yield
      redo if count < 3
      count
    end
    assert_equal 3, value
    tries = 0
    value = Librunner.run do
      tries += 1
      Librunner.yield
      raise "again" if tries < 3
      tries
    rescue RuntimeError
      retry
    end
    assert_equal 3, value
  end

  def test_catch_and_throw_work_across_a_wait
    assert_equal 5, Librunner.run { catch(:out) { Librunner.yield || throw(:out, 5) } }
  end

  def test_a_symbol_a_method_and_a_lambda_are_blocks
    assert_equal "Task-1", Librunner.run(&:name)
    assert_equal "Task-1", Librunner.run(&method(:name_of))
    assert_equal "Task-1", Librunner.run(&->(task) { return task.name })
    assert_raises(ArgumentError) { Librunner.run(&-> { 1 }) }
  end

  def name_of(task) = task.name

  def test_R044_exceptions_of_every_base_class_come_out_as_they_are
    [StandardError, ScriptError, NotImplementedError, LoadError, SyntaxError, NoMemoryError, SecurityError,
      SystemStackError, SystemExit, Interrupt, SignalException.new("TERM"), Exception].each do |kind|
      error = kind.is_a?(Class) ? kind.new("mine") : kind
      [-> { raise error }, -> { Librunner.yield || raise(error) }].each do |body|
        raised = assert_raises(error.class) { Librunner.run { body.call } }
        assert_same error, raised
      end
    end
  end

  def test_a_stack_that_overflows_is_an_error_of_the_task
    deep = ->(n) { deep.call(n + 1) + 1 }
    Librunner::Runner.open do |runner|
      assert_raises(SystemStackError) { runner.run { deep.call(0) } }
      assert_raises(SystemStackError) { runner.run { Librunner.spawn { deep.call(0) }.await } }
      assert_equal 1, runner.run { 1 }
    end
  end

  def test_R013_R014_run_closes_its_runner_whatever_happens
    cleaned = 0
    child = proc do
      Librunner.sleep 60
    ensure
      cleaned += 1
    end
    error = RuntimeError.new("mine")
    Librunner.run { nil } # what the process needs once
    before = descriptors
    10.times do
      assert_equal(7, Librunner.run { Librunner.spawn(&child) && Librunner.yield || 7 })
      assert_same(error, assert_raises(RuntimeError) do
        Librunner.run { Librunner.spawn(&child) && Librunner.yield || raise(error) }
      end)
      assert_raises(SystemExit) { Librunner.run { Librunner.spawn(&child) && Librunner.yield || exit } }
    end
    assert_equal 30, cleaned
    assert_no_descriptors_left(before)
  end

  def test_R035_R036_what_is_ready_when_main_ends_runs_once_more
    log = []
    Librunner::Runner.open(clock: :virtual) do |runner|
      runner.run do
        Librunner.spawn do
          log << "child"
          Librunner.spawn { log << "grandchild" }
        end
        runner.loop.call_soon { log << "soon" }
        runner.loop.call_later(1) { log << "timer" }
      end
      assert_equal %w[child soon], log
    end
    assert_equal %w[child soon], log
  end

  def test_R028_a_run_after_a_failed_one_is_a_new_one
    Librunner::Runner.open do |runner|
      assert_raises(RuntimeError) { runner.run { raise "first" } }
      assert_equal 2, runner.run { 2 }
    end
  end

  def test_a_deadlock_is_found
    Librunner::Runner.open do |runner|
      assert_raises(Librunner::DeadlockError) { runner.run { Librunner.sleep } }
      assert_equal 1, runner.run { 1 }
    end
  end

  def test_the_calls_of_a_run_cost_no_descriptors_or_threads
    threads = Thread.list.size
    Librunner.run { nil }
    before = descriptors
    20.times { Librunner.run { Librunner.sleep(0.0001) } }
    assert_no_descriptors_left(before)
    assert_operator Thread.list.size, :<=, threads
  end
end
