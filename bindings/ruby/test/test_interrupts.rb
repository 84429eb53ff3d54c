# frozen_string_literal: true

require_relative "helper"

# Interrupts that the program makes, by Runner#interrupt.
class TestInterrupts < LibrunnerTest
  def open(**options, &block) = Librunner::Runner.open(clock: :virtual, **options, &block)

  def test_R119_R133_main_is_cancelled_each_time
    Librunner::Runner.open do |runner|
      3.times do
        cancelled = false
        assert_raises(Interrupt) do
          runner.run do
            Thread.new { runner.interrupt }
            Librunner.sleep 60
          rescue Librunner::CancelledError
            cancelled = true
            raise
          end
        end
        assert cancelled
      end
      assert_equal 1, runner.run { 1 }
      assert_equal false, runner.interrupt
    end
  end

  def test_an_interrupt_is_taken_only_while_it_runs
    runner = Librunner::Runner.new
    assert_equal false, runner.interrupt
    runner.run do
      assert_equal true, runner.interrupt
      assert_raises(Librunner::CancelledError) { Librunner.sleep 60 }
    end
    assert_equal false, runner.interrupt
    runner.close
    assert_equal false, runner.interrupt
  end

  def test_R114_none_that_a_run_has_taken_is_lost
    Librunner::Runner.open do |runner|
      100.times do
        thread = Thread.new { Thread.pass until runner.interrupt }
        assert_raises(Interrupt) { runner.run { Librunner.sleep 60 } }
        thread.join
      end
    end
  end

  def test_R122_one_while_main_runs_counts_when_it_returns
    open do |runner|
      assert_raises(Interrupt) { runner.run { runner.interrupt } }
    end
  end

  def test_R124_R125_main_may_make_something_else_of_it
    open do |runner|
      value = runner.run do
        runner.interrupt
        Librunner.sleep 60
      rescue Librunner::CancelledError
        Librunner.sleep 1
        7
      end
      assert_equal 7, value
      error = RuntimeError.new("mine")
      raised = assert_raises(RuntimeError) do
        runner.run do
          runner.interrupt
          Librunner.sleep 60
        rescue Librunner::CancelledError
          raise error
        end
      end
      assert_same error, raised
    end
  end

  def test_R126_a_main_that_was_cancelled_as_well_is_cancelled
    open do |runner|
      assert_raises(Librunner::CancelledError) do
        runner.run do |main|
          Librunner.spawn do
            main.cancel
            runner.interrupt
          end
          Librunner.sleep 60
        end
      end
    end
  end

  def test_R135_a_later_cancel_is_no_interrupt
    open do |runner|
      raised = assert_raises(Librunner::CancelledError) do
        runner.run do |main|
          runner.interrupt
          begin
            Librunner.sleep 60
          rescue Librunner::CancelledError
            main.uncancel
          end
          Librunner.spawn { main.cancel("later") }
          Librunner.sleep 60
        end
      end
      assert_equal "later", raised.message
    end
  end

  def test_R128_R134_a_second_ends_the_run_at_once_and_main_goes_on_in_the_next
    log = []
    open do |runner|
      assert_raises(Interrupt) do
        runner.run do
          runner.interrupt
          begin
            Librunner.sleep 60
          rescue Librunner::CancelledError
            log << "first"
          end
          runner.interrupt
          Librunner.sleep 1
          log << "went on"
        end
      end
      assert_equal ["first"], log
      runner.run { Librunner.sleep 2 }
      assert_equal ["first", "went on"], log
    end
  end

  def test_R128_main_that_was_left_is_cancelled_by_the_close
    log = []
    open do |runner|
      assert_raises(Interrupt) do
        runner.run do
          2.times { runner.interrupt }
          begin
            Librunner.sleep 60
          rescue Librunner::CancelledError
            log << "cancelled"
            Librunner.sleep 60
          end
        ensure
          log << "ended"
        end
      end
      refute_includes log, "ended"
    end
    assert_equal "ended", log.last
  end

  def test_R137_an_interrupt_in_a_timeout_is_one
    open do |runner|
      assert_raises(Interrupt) do
        runner.run do
          runner.interrupt
          Librunner.timeout(60) { Librunner.sleep 100 }
        end
      end
    end
  end

  def test_R136_an_interrupt_in_a_group_cancels_its_children_first
    log = []
    open do |runner|
      assert_raises(Interrupt) do
        runner.run do
          Librunner::TaskGroup.open do |group|
            group.spawn do
              Librunner.sleep 60
            ensure
              log << "child"
            end
            Librunner.yield
            runner.interrupt
          end
        ensure
          log << "main"
        end
      end
    end
    assert_equal %w[child main], log
  end

  def test_R138_a_shielded_task_goes_on
    inner = nil
    open do |runner|
      assert_raises(Interrupt) do
        runner.run do
          inner = Librunner.spawn { Librunner.sleep(1) || 7 }
          Librunner.yield
          runner.interrupt
          Librunner.shield(inner)
        end
      end
      assert_equal 7, runner.run { inner.await }
    end
  end

  def test_R132_one_in_a_close_ends_the_wait_for_its_tasks
    runner = Librunner::Runner.new
    runner.run do
      Librunner.spawn do
        Librunner.sleep 60
      ensure
        Thread.new { runner.interrupt }
        Librunner.sleep 60
      end
      Librunner.yield
    end
    error = assert_raises(Interrupt, Librunner::TimeoutError) { runner.close }
    assert_includes [Interrupt, Librunner::TimeoutError], error.class
    assert_predicate runner, :closed?
  end

  def test_an_interrupt_by_another_runner_of_the_thread_is_its_own
    open do |other|
      open do |runner|
        runner.run { assert_equal false, other.interrupt }
      end
      other.run { nil }
    end
  end
end
