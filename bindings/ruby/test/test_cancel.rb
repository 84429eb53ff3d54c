# frozen_string_literal: true

require_relative "helper"

# Cancels: counted, delivered once, handed on, taken back.
class TestCancel < LibrunnerTest
  def forever = Librunner.sleep(1000)

  def assert_cancelled(task, message = nil)
    error = assert_raises(Librunner::CancelledError) { task.await }
    assert_equal message, error.message if message
    assert_predicate task, :cancelled?
    error
  end

  def test_it_is_no_standard_error
    refute_operator Librunner::CancelledError, :<, StandardError
    virtual do
      task = Librunner.spawn do
        forever
      rescue StandardError
        flunk
      end
      Librunner.yield
      assert_equal true, task.cancel
      assert_cancelled(task)
    end
  end

  def test_R141_R143_cancels_are_counted_and_delivered_once
    virtual do
      delivered = 0
      task = Librunner.spawn do |me|
        begin
          forever
        rescue Librunner::CancelledError
          delivered += 1
        end
        assert_equal 2, me.cancelling
        Librunner.sleep(1)
        7
      end
      Librunner.yield
      assert_equal [true, true], [task.cancel, task.cancel]
      assert_equal 2, task.cancelling
      refute_predicate task, :cancelled?
      assert_equal 7, task.await
      assert_equal 1, delivered
    end
  end

  def test_R142_R152_a_finished_task_cannot_be_cancelled
    virtual do
      task = Librunner.spawn { 7 }
      task.await
      assert_equal false, task.cancel
      assert_equal [0, 0], [task.cancelling, task.uncancel]
      assert_equal 7, task.result
    end
  end

  def test_R144_a_second_cancel_interrupts_the_cleanup
    virtual do
      log = []
      task = Librunner.spawn do
        forever
      rescue Librunner::CancelledError => e
        log << e.message
        forever
      ensure
        log << $!.message
      end
      Librunner.yield
      task.cancel("first")
      Librunner.yield
      task.cancel("second")
      assert_cancelled(task, "second")
      assert_equal %w[first second], log
    end
  end

  def test_R145_R088_one_that_is_cancelled_before_its_turn_never_begins
    virtual do
      task = Librunner.spawn { flunk }
      task.cancel("early")
      assert_cancelled(task, "early")
      assert_equal "early", assert_raises(Librunner::CancelledError) { task.result }.message
    end
  end

  def test_R146_one_that_cancels_itself_hears_of_it_at_its_next_wait
    virtual do
      log = []
      task = Librunner.spawn do |me|
        me.cancel("mine")
        log << "goes on"
        forever
      end
      assert_cancelled(task, "mine")
      assert_equal ["goes on"], log
    end
  end

  def test_R146_one_that_cancels_itself_and_ends_is_cancelled
    virtual do
      task = Librunner.spawn { |me| me.cancel("mine") && 7 }
      assert_cancelled(task, "mine")
    end
  end

  def test_R146_a_failure_goes_before_a_cancel_that_was_not_told
    virtual do
      task = Librunner.spawn do |me|
        me.cancel
        raise KeyError
      end
      assert_raises(KeyError) { task.await }
      assert_predicate task, :failed?
    end
  end

  def test_R147_it_reaches_the_innermost_wait_first
    virtual do
      log = []
      inner = Librunner.spawn do
        forever
      ensure
        log << "inner"
      end
      outer = Librunner.spawn do
        inner.await
      ensure
        log << "outer"
      end
      2.times { Librunner.yield }
      outer.cancel("down")
      assert_cancelled(outer, "down")
      assert_cancelled(inner, "down")
      assert_equal %w[inner outer], log
    end
  end

  def test_R147_an_awaited_task_may_refuse
    virtual do
      inner = Librunner.spawn do
        forever
      rescue Librunner::CancelledError
        7
      end
      outer = Librunner.spawn { inner.await }
      2.times { Librunner.yield }
      outer.cancel
      assert_equal 7, outer.await
    end
  end

  def test_R148_R149_a_task_may_go_on_in_spite_of_it
    virtual do
      task = Librunner.spawn do
        forever
      rescue Librunner::CancelledError
        Librunner.sleep(1)
        42
      end
      Librunner.yield
      task.cancel
      assert_equal 42, task.await
      refute_predicate task, :cancelled?
    end
  end

  def test_R150_a_base_error_in_answer_to_it_ends_the_run
    error = SystemExit.new(3)
    raised = assert_raises(SystemExit) do
      virtual do
        task = Librunner.spawn do
          forever
        rescue Librunner::CancelledError
          raise error
        end
        Librunner.yield
        task.cancel
        forever
      end
    end
    assert_same error, raised
  end

  def test_R151_uncancel_takes_one_back
    virtual do |me|
      assert_equal 0, me.uncancel
      2.times { me.cancel }
      assert_equal [2, 1, 1], [me.cancelling, me.uncancel, me.cancelling]
      assert_equal 0, me.uncancel
      assert_nil Librunner.sleep(1) # it was not delivered, and is not any more
    end
  end

  def test_R153_the_message_reaches_who_awaits
    virtual do
      inner = Librunner.spawn { forever }
      outer = Librunner.spawn { inner.await }
      2.times { Librunner.yield }
      inner.cancel("why")
      assert_cancelled(outer, "why")
      assert_cancelled(inner, "why")
      assert_equal "why", assert_raises(Librunner::CancelledError) { Librunner.gather(inner) }.message
      plain = Librunner.spawn { forever }
      Librunner.yield
      plain.cancel
      refute_empty assert_cancelled(plain).message
    end
  end

  def test_R153_the_message_that_counts_is_the_latest
    virtual do
      task = Librunner.spawn { forever }
      Librunner.yield
      task.cancel("first")
      task.cancel("second")
      assert_cancelled(task, "second")
    end
  end

  def test_the_error_that_a_task_raises_itself_is_its_outcome
    virtual do
      task = Librunner.spawn { raise Librunner::CancelledError, "mine" }
      assert_cancelled(task, "mine")
      kind = Class.new(Librunner::CancelledError)
      assert_cancelled(Librunner.spawn { raise kind, "of its kind" }, "of its kind")
      replaced = Librunner.spawn do
        forever
      rescue Librunner::CancelledError
        raise Librunner::CancelledError, "another"
      end
      Librunner.yield
      replaced.cancel("first")
      assert_cancelled(replaced, "another")
    end
  end

  def test_what_counts_as_cancelled
    virtual do
      { -> { forever } => true,
        -> { begin; forever; rescue Exception; raise KeyError; end } => false,
        -> { begin; forever; ensure; Librunner.sleep(1); end } => true,
        -> { begin; forever; ensure; Librunner.spawn { 1 }.await; end } => true }.each do |body, cancelled|
        task = Librunner.spawn { body.call }
        Librunner.yield
        task.cancel
        assert_raises(Librunner::CancelledError, KeyError) { task.await }
        assert_equal cancelled, task.cancelled?
      end
    end
  end

  def test_it_is_raised_where_the_task_waits
    virtual do
      error = nil
      task = Librunner.spawn do
        forever
      rescue Librunner::CancelledError => e
        error = e
        raise
      end
      Librunner.yield
      task.cancel
      assert_cancelled(task)
      assert(error.backtrace.any? { |line| line.include?("in `forever'") || line.include?("#forever'") })
    end
  end

  def test_a_cancelled_main_comes_out_as_such
    raised = assert_raises(Librunner::CancelledError) do
      virtual do |main|
        Librunner.spawn { main.cancel("enough") }
        forever
      end
    end
    assert_equal "enough", raised.message
    assert_raises(Librunner::CancelledError) { virtual { |main| main.cancel } }
  end

  def test_an_ensure_may_wait_spawn_and_raise
    virtual do
      log = []
      task = Librunner.spawn do
        forever
      ensure
        Librunner.sleep(1)
        log << Librunner.spawn { Librunner.sleep(1) || :child }.await
        raise KeyError, "in ensure"
      end
      Librunner.yield
      task.cancel
      error = assert_raises(KeyError) { task.await }
      assert_equal [:child], log
      assert_kind_of Librunner::CancelledError, error.cause
    end
  end

  def test_a_cancel_during_a_yield_and_before_a_batch
    virtual do
      task = Librunner.spawn { loop { Librunner.yield } }
      5.times { Librunner.yield }
      task.cancel
      assert_cancelled(task)
    end
  end

  def test_many_are_cancelled_at_once
    virtual do
      ended = 0
      tasks = 500.times.map do
        Librunner.spawn do
          forever
        ensure
          ended += 1
        end
      end
      Librunner.yield
      tasks.each(&:cancel)
      tasks.each { |task| assert_cancelled(task) }
      assert_equal 500, ended
    end
  end
end
