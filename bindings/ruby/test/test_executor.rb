# frozen_string_literal: true

require_relative "helper"

# Librunner.in_thread and its threads.
class TestExecutor < LibrunnerTest
  # Many tasks that wait for threads.
  def in_threads(count, &block) = Array.new(count) { |i| Librunner.spawn { Librunner.in_thread { block.call(i) } } }

  def pool = Thread.list.select { |thread| thread.name == "librunner" }

  def test_R101_threads_are_made_when_they_are_needed
    Librunner.run do
      assert_empty pool
      Librunner.in_thread { nil }
      assert_equal 1, pool.size
      10.times { Librunner.in_thread { nil } }
      assert_equal 1, pool.size, "an idle one is used again"
      assert_equal(-1, pool.first.priority)
    end
    assert_empty pool
  end

  # The thread may have something to do yet when the task goes on.
  def test_R101_a_thread_is_free_for_who_hears_that_its_block_has_ended
    Librunner.run do
      Librunner.const_get(:Driver).current.define_singleton_method(:keep) do |value|
        Kernel.sleep(0.01) unless Thread.current == Thread.main
        super(value)
      end
      3.times { assert_raises(KeyError) { Librunner.in_thread { raise KeyError } } }
      assert_equal 1, pool.size
    end
  end

  def test_R102_a_block_runs_once_in_another_thread
    value = Object.new
    error = Class.new(StandardError).new("mine")
    Librunner.run do
      ran = []
      assert_same value, Librunner.in_thread { ran << Thread.current; value }
      assert_equal 1, ran.size
      refute_same Thread.current, ran.first
      assert_same error, assert_raises(error.class) { Librunner.in_thread { raise error } }
      assert_includes error.backtrace.first, __FILE__
    end
  end

  def test_it_holds_up_nobody
    Librunner.run do
      beats = 0
      beat = Librunner.spawn { loop { Librunner.sleep(0.001); beats += 1 } }
      Librunner.in_thread { Thread.pass until beats > 5 }
      beat.cancel
    end
  end

  def test_R103_blocks_run_in_parallel
    Librunner.run(executor_threads: 10) do
      here = Thread::Queue.new
      go = Thread::Queue.new
      tasks = in_threads(10) { |i| here << i; go.pop; i }
      10.times { here.pop }
      go.close
      assert_equal (0...10).to_a, tasks.map(&:await)
      assert_equal 10, pool.size
    end
  end

  def test_the_option_limits_the_threads
    Librunner.run(executor_threads: 2) do
      now = most = 0
      lock = Mutex.new
      tasks = in_threads(20) do
        lock.synchronize { most = [most, now += 1].max }
        Kernel.sleep(0.001)
        lock.synchronize { now -= 1 }
      end
      tasks.each(&:await)
      assert_operator most, :<=, 2
      assert_equal 2, pool.size
    end
    assert_raises(ArgumentError) { Librunner::Runner.new(executor_threads: 0) }
  end

  def test_R062_a_block_has_a_copy_of_the_variables
    variable = Librunner::ContextVar.new("variable", :default)
    unset = Librunner::ContextVar.new("unset", :default)
    Librunner.run do
      variable.set(false)
      seen = Librunner.in_thread do
        inside = [variable.get, variable.value?, unset.get, unset.value?]
        unset.set(1)
        inside << variable.set(2) << variable.get << unset.get
      end
      assert_equal [false, true, :default, false, 2, 2, 1], seen
      assert_equal [false, :default], [variable.get, unset.get]
      # What one block has set is not there for the next one in its thread.
      assert_equal [false, :default], Librunner.in_thread { [variable.get, unset.get] }
    end
  end

  def test_a_block_belongs_to_no_task
    Librunner.run do
      assert_nil Librunner.in_thread { Librunner.current_task }
      assert_raises(Librunner::NoTaskError) { Librunner.in_thread { Librunner.sleep(1) } }
      assert_raises(Librunner::NoTaskError) { Librunner.in_thread { Librunner.in_thread { 1 } } }
      task = Librunner.spawn { Librunner.sleep(1) }
      assert_raises(Librunner::WrongThreadError) { Librunner.in_thread { task.cancel } }
      task.cancel
      assert_equal :nested, Librunner.in_thread { Librunner.run { Librunner.in_thread { :nested } } }
    end
  end

  def test_it_is_refused_without_a_task_or_a_block
    assert_raises(Librunner::NoTaskError) { Librunner.in_thread { flunk } }
    Librunner.run do
      assert_raises(ArgumentError) { Librunner.in_thread }
      refused = nil
      Librunner.current_loop.call_soon do
        Librunner.in_thread { flunk }
      rescue Librunner::NoTaskError => e
        refused = e
      end
      2.times { Librunner.yield }
      assert refused
    end
  end

  # ---- how a block may end -------------------------------------------------------------------------

  def test_whatever_a_block_raises_comes_out_of_the_wait
    [NoMemoryError.new("x"), ScriptError.new("x"), SystemStackError.new("x"), Exception.new("x"),
      Librunner::CancelledError.new("x")].each do |error|
      Librunner.run do
        raised = begin
          Librunner.in_thread { raise error }
        rescue Exception => e # rubocop:disable Lint/RescueException
          e
        end
        assert_same error, raised
      end
    end
  end

  def test_exit_and_signals_of_a_block_end_the_run
    error = assert_raises(SystemExit) { Librunner.run { Librunner.in_thread { exit 3 } } }
    assert_equal 3, error.status
    assert_raises(Interrupt) { Librunner.run { Librunner.in_thread { raise Interrupt } } }
    error = assert_raises(SignalException) { Librunner.run { Librunner.in_thread { raise SignalException, "TERM" } } }
    assert_equal "SIGTERM", error.message
  end

  def test_a_block_that_is_left_in_another_way
    Librunner.run do
      assert_raises(UncaughtThrowError) { Librunner.in_thread { throw :nowhere } }
      assert_raises(LocalJumpError) { Librunner.in_thread { break } }
      assert_equal 1, Librunner.in_thread { next 1 }
    end
    assert_raises(LocalJumpError) { returning }
  end

  def returning
    Librunner.run { Librunner.in_thread { return } }
  end

  def test_a_block_that_ends_its_thread
    Librunner.run(executor_threads: 1) do
      [-> { Thread.exit }, -> { Thread.current.kill }].each do |block|
        waiting = in_threads(3) { |i| i }
        assert_equal "the thread of Librunner.in_thread was killed",
          assert_raises(ThreadError) { Librunner.in_thread(&block) }.message
        assert_equal [0, 1, 2], waiting.map(&:await)
        later = in_threads(3) { |i| i }
        assert_equal [0, 1, 2], later.map(&:await)
      end
    end
    assert_empty pool
  end

  def test_jobs_behind_one_that_ends_its_thread_are_done
    Librunner.run(executor_threads: 1) do
      first = Librunner.spawn { Librunner.in_thread { Kernel.sleep(0.01); Thread.exit } }
      others = in_threads(5) { |i| i }
      assert_raises(ThreadError) { first.await }
      assert_equal [0, 1, 2, 3, 4], others.map(&:await)
    end
  end

  # ---- cancels -------------------------------------------------------------------------------------

  def test_R104_a_block_that_was_not_begun_is_not_run
    ran = []
    Librunner.run(executor_threads: 1) do
      stop = Thread::Queue.new
      first = in_threads(1) { stop.pop }
      queued = in_threads(3) { |i| ran << i }
      Librunner.yield
      queued[1].cancel("not needed")
      assert_equal "not needed", assert_raises(Librunner::CancelledError) { queued[1].await }.message
      stop << :go
      assert_equal [:go], first.map(&:await)
      queued.values_at(0, 2).each(&:await)
    end
    assert_equal [0, 2], ran
  end

  def test_R105_a_block_that_runs_goes_on_without_its_wait
    ended = false
    Librunner.run do
      started = Thread::Queue.new
      stop = Thread::Queue.new
      task = Librunner.spawn { Librunner.in_thread { started << 1; stop.pop; ended = true } }
      started.pop
      task.cancel
      assert_raises(Librunner::CancelledError) { task.await }
      refute ended
      stop << 1
    end
    assert ended, "the close has waited for it"
  end

  def test_the_error_of_a_block_that_nobody_waits_for_is_reported
    reported = []
    error = RuntimeError.new("late")
    Librunner.run(exception_handler: ->(context) { reported << context }) do
      started = Thread::Queue.new
      stop = Thread::Queue.new
      task = Librunner.spawn { Librunner.in_thread { started << 1; stop.pop; raise error } }
      started.pop
      task.cancel
      assert_raises(Librunner::CancelledError) { task.await }
      stop << 1
    end
    assert_equal 1, reported.size
    assert_same error, reported.first.exception
    assert_includes reported.first.message, "in_thread"
  end

  def test_an_error_of_a_block_that_comes_when_the_close_is_nearly_over_is_reported_unless_it_was_taken
    error = RuntimeError.new("late")
    [true, false].each do |taken|
      reported = []
      Librunner.run(exception_handler: ->(context) { reported << context.exception }) do
        engine = Librunner.const_get(:Driver).current
        engine.define_singleton_method(:keep) do |value| # what the thread tells besides comes afterwards
          Thread.pass until Thread.current == Thread.main || Librunner.const_get(:Core).runner_is_closed(core) == 1
          super(value)
        end
        started = Thread::Queue.new
        stop = Thread::Queue.new
        task = Librunner.spawn { Librunner.in_thread { started << 1; stop.pop; raise error } }
        started.pop
        task.cancel unless taken
        stop << 1 if taken
        assert_raises(taken ? RuntimeError : Librunner::CancelledError) { task.await }
        stop << 1
      end
      assert_equal taken ? [] : [error], reported
    end
  end

  def test_a_timeout_ends_the_wait
    Librunner.run do
      stop = Thread::Queue.new
      assert_raises(Librunner::TimeoutError) { Librunner.timeout(0.01) { Librunner.in_thread { stop.pop } } }
      stop << 1
    end
  end

  # ---- the close -----------------------------------------------------------------------------------

  def test_R106_a_close_waits_for_blocks
    ended = nil
    Librunner.run do
      started = Thread::Queue.new
      Librunner.spawn { Librunner.in_thread { started << 1; Kernel.sleep(0.02); ended = :ended } }
      started.pop
    end
    assert_equal :ended, ended
    assert_empty pool
  end

  def test_R107_blocks_that_wait_at_the_close_are_run
    ran = []
    Librunner.run(executor_threads: 1) do
      started = Thread::Queue.new
      Librunner.spawn { Librunner.in_thread { started << 1; Kernel.sleep(0.02) } }
      3.times do |i|
        Librunner.spawn do
          Librunner.sleep(1000)
        ensure
          Librunner.in_thread { ran << i } # behind the one that runs
        end
      end
      started.pop
    end
    assert_equal [0, 1, 2], ran.sort
  end

  def test_R109_a_block_may_call_back_while_the_close_waits_for_it
    called = Thread::Queue.new
    Librunner.run do
      loop = Librunner.current_loop
      started = Thread::Queue.new
      Librunner.spawn do
        Librunner.in_thread do
          started << 1
          Kernel.sleep(0.01)
          loop.call_soon_threadsafe { called << :called }
          called.pop
        end
      end
      started.pop
    end
    assert_predicate called, :empty?
  end

  def test_R110_R111_a_block_that_does_not_end_is_left_behind
    stop = Thread::Queue.new
    errors = []
    logger = Object.new
    %i[error warn].each { |level| logger.define_singleton_method(level) { |text| errors << text } }
    runner = Librunner::Runner.new(cancel_grace: 0.01, join_timeout: 0.01, executor_threads: 3, logger: logger)
    ran = []
    runner.run do
      started = Thread::Queue.new
      in_threads(2) { started << 1; stop.pop }
      Librunner.spawn { Librunner.in_thread { started << 1; stop.pop; raise "late" } }
      3.times { started.pop }
      Librunner.spawn do
        Librunner.sleep(1000)
      ensure
        Librunner.in_thread { ran << 1 }
      end
      Librunner.yield
    end
    assert_raises(Librunner::TimeoutError) { runner.close }
    assert_predicate runner, :closed?
    left = pool
    assert_equal 3, left.size
    3.times { stop << 1 }
    left.each { |thread| thread.join(5) }
    assert_empty pool
    assert_empty ran, "it was given up before it was begun"
    assert_equal 1, errors.grep(/late/).size, errors.inspect
  end

  def test_R113_a_close_waits_for_its_own_blocks
    stop = Thread::Queue.new
    first = Librunner::Runner.new
    first.run do
      started = Thread::Queue.new
      in_threads(1) { started << 1; stop.pop }
      started.pop
    end
    Librunner.run { Librunner.in_thread { nil } }
    assert_equal 1, pool.size
    stop << 1
    first.close
  end

  def test_threads_are_kept_from_run_to_run
    Librunner::Runner.open do |runner|
      first = runner.run { Librunner.in_thread { Thread.current } }
      assert_same first, runner.run { Librunner.in_thread { Thread.current } }
    end
    assert_empty pool
  end

  def test_a_block_goes_on_between_two_runs
    Librunner::Runner.open do |runner|
      stop = Thread::Queue.new
      task = nil
      runner.run do
        task = Librunner.spawn { Librunner.in_thread { stop.pop } }
        Librunner.yield
      end
      stop << :item
      assert_equal :item, runner.run { task.await }
    end
  end

  def test_many
    Librunner.run do
      tasks = in_threads(500) { |i| i * 2 }
      assert_equal Array.new(500) { |i| i * 2 }, tasks.map(&:await)
    end
  end

  def test_time_that_is_virtual_waits_for_blocks
    virtual do
      beside = Librunner.spawn { Librunner.sleep(1); :beside }
      assert_equal :ended, Librunner.in_thread { Kernel.sleep(0.02); :ended }
      assert_equal :beside, beside.await
    end
  end

  def test_under_the_collector
    run_stressed do
      assert_equal [0, 1, 2], in_threads(3) { |i| i }.map(&:await)
    end
  end
end
