# frozen_string_literal: true

require_relative "diary"

# Futures: settled once, by hand.
class TestFuture < LibrunnerTest
  include Diary

  def future = @loop.create_future

  def test_a_future_gives_its_very_value_to_all_who_wait
    value = Object.new
    in_task do
      pending = future
      waiting = 3.times.map { spawn { pending.await } }
      turns
      refute_predicate pending, :done?
      assert_nil pending.resolve(value)
      assert_predicate pending, :done?
      refute_predicate pending, :failed?
      refute_predicate pending, :cancelled?
      waiting.each { |task| assert_same value, task.await }
      assert_same value, pending.await
      assert_same value, pending.result
      assert_nil pending.exception
    end
  end

  def test_a_value_may_be_anything
    in_task do
      [nil, false, BasicObject.new, RuntimeError.new].each do |value|
        settled = future
        settled.resolve(value)
        assert value.equal?(settled.await) # BasicObject has nothing but this
      end
      settled = future
      settled.resolve
      assert_nil settled.await
    end
  end

  def test_R026_a_future_fails_with_the_very_error
    error = ArgumentError.new("mine")
    in_task do
      failing = future
      waiting = 2.times.map { spawn { failing.await } }
      turns
      assert_nil failing.reject(error)
      assert_predicate failing, :done?
      assert_predicate failing, :failed?
      waiting.each { |task| assert_raises_same(error) { task.await } }
      assert_raises_same(error) { failing.await }
      assert_raises_same(error) { failing.result }
      assert_same error, failing.exception
    end
  end

  def test_an_error_may_be_of_any_class
    in_task do
      [NoMemoryError, ScriptError, SystemExit, Interrupt, Class.new(Exception)].each do |kind|
        failing = future
        error = kind.new("mine")
        @loop.call_soon { failing.reject(error) }
        assert_raises_same(error) { failing.await }
      end
    end
  end

  def test_what_is_settled_is_refused
    in_task do
      { resolve: 1, reject: RuntimeError.new, cancel: nil }.each do |how, with|
        settled = future
        with ? settled.public_send(how, with) : settled.public_send(how)
        assert_raises(Librunner::InvalidStateError) { settled.resolve(2) }
        assert_raises(Librunner::InvalidStateError) { settled.reject(RuntimeError.new) }
        assert_raises(Librunner::InvalidStateError) { settled.reject(Librunner::CancelledError.new) }
        refute settled.cancel
        settled.exception if settled.failed?
      end
    end
  end

  def test_R155_a_pending_future_has_no_outcome
    in_task do
      pending = future
      assert_raises(Librunner::InvalidStateError) { pending.result }
      assert_raises(Librunner::InvalidStateError) { pending.exception }
      refute_predicate pending, :failed?
    end
  end

  def test_only_an_exception_rejects
    in_task do
      [nil, "text", RuntimeError, 1].each { |error| assert_raises(TypeError) { future.reject(error) } }
    end
  end

  def test_a_cancelled_future_cancels_nobody
    in_task do
      pending = future
      waiting = spawn do
        error = assert_raises(Librunner::CancelledError) { pending.await }
        assert_equal 0, cancelling
        sleep(0.01)
        error.message
      end
      turns
      assert pending.cancel
      assert_predicate pending, :cancelled?
      assert_predicate pending, :done?
      assert_equal "task was cancelled", waiting.await
      assert_raises(Librunner::CancelledError) { pending.result }
      assert_raises(Librunner::CancelledError) { pending.exception }
      assert_raises(Librunner::CancelledError) { pending.await }
    end
  end

  def test_R153_the_message_of_a_cancel_comes_out
    in_task do
      cancels = [proc { |f| f.cancel("because") }, proc { |f| f.reject(Librunner::CancelledError.new("because")) }]
      cancels.each do |cancel|
        pending = future
        waiting = spawn { pending.await }
        turns
        cancel.call(pending)
        assert_equal "because", assert_raises(Librunner::CancelledError) { waiting.await }.message
        assert_equal "because", assert_raises(Librunner::CancelledError) { pending.await }.message
        assert_equal "because", assert_raises(Librunner::CancelledError) { pending.result }.message
      end
    end
  end

  def test_R147_a_cancel_of_who_waits_is_handed_on
    in_task do
      pending = future
      waiting = 2.times.map { spawn { pending.await } }
      turns
      waiting[0].cancel("enough")
      waiting.each { |task| assert_raises(Librunner::CancelledError) { task.await } }
      assert_predicate pending, :cancelled?
      assert_raises(Librunner::InvalidStateError) { pending.resolve(1) }
      assert_equal "enough", assert_raises(Librunner::CancelledError) { pending.result }.message
    end
  end

  def test_R147_resolving_right_after_the_cancel_of_who_waits_is_refused
    in_task do
      pending = future
      waiting = spawn { pending.await }
      turns
      waiting.cancel
      assert_raises(Librunner::InvalidStateError) { pending.resolve(1) }
      assert_raises(Librunner::CancelledError) { waiting.await }
    end
  end

  def test_R093_a_failure_that_nobody_takes_is_reported_once
    reported = []
    error = RuntimeError.new("lost")
    in_task(exception_handler: proc { |context| reported << context }) do
      make_garbage { future.reject(error) }
      collect { !reported.empty? }
      sleep(0.01)
    end
    assert_equal [error], reported.map(&:exception)
    assert_equal "Future exception was never retrieved", reported[0].message
    assert_nil reported[0].task
  end

  def test_R093_a_failure_that_somebody_takes_is_not_reported
    takes = [
      proc { |f| f.await rescue nil }, # rubocop:disable Style/RescueModifier
      proc { |f| f.result rescue nil }, # rubocop:disable Style/RescueModifier
      :exception.to_proc,
      proc { |f| Librunner.gather(f, return_exceptions: true) }
    ]
    in_task do
      takes.each do |take|
        make_garbage do
          failing = future
          failing.reject(RuntimeError.new)
          take.call(failing)
        end
      end
      collect
      sleep(0.01)
    end
  end

  def test_a_forgotten_future_is_released
    in_task do
      before = in_use
      make_garbage { 1000.times { future } }
      make_garbage { 1000.times { future.resolve(1) } }
      make_garbage { 1000.times { future.cancel("so") } }
      collect { in_use < before + 100 }
      assert_operator in_use, :<, before + 100 # the collector may take some for used
    end
  end

  def test_a_future_is_made_and_settled_while_nothing_runs
    Librunner::Runner.open do |runner|
      first = runner.loop.create_future
      second = runner.loop.create_future
      first.resolve(1)
      assert_equal 1, first.result
      assert_equal 1, first.await
      error = assert_raises(Librunner::NoTaskError) { second.await }
      assert_kind_of Librunner::Error, error
      runner.run { @got = first.await }
      assert_equal 1, @got
      second.cancel
      assert_raises(Librunner::CancelledError) { runner.run { second.await } }
    end
  end

  def test_a_future_that_is_pending_at_the_close_is_cancelled
    pending = settled = nil
    Librunner::Runner.open do |runner|
      pending = runner.loop.create_future
      settled = runner.loop.create_future
      runner.run { settled.resolve(1) }
    end
    assert_predicate pending, :done?
    assert_predicate pending, :cancelled?
    assert_match(/closed/, assert_raises(Librunner::CancelledError) { pending.await }.message)
    refute pending.cancel
    assert_raises(Librunner::InvalidStateError) { pending.resolve(1) }
    assert_equal 1, settled.await
  end

  def test_a_closed_runner_refuses_what_is_pending
    pending = nil
    Librunner::Runner.open { |runner| pending = runner.loop.create_future }
    assert_raises(Librunner::ClosedError) { pending.resolve(1) }
    assert_raises(Librunner::ClosedError) { pending.reject(RuntimeError.new) }
  end

  def test_R071_another_thread_is_refused
    in_task do
      pending = future
      Thread.new do
        assert_raises(Librunner::WrongThreadError) { pending.resolve(1) }
        assert_raises(Librunner::WrongThreadError) { pending.reject(RuntimeError.new) }
        assert_raises(Librunner::WrongThreadError) { pending.cancel }
        assert_raises(Librunner::WrongThreadError) { @loop.create_future }
        assert_raises(Librunner::NoTaskError) { pending.await }
        refute_predicate pending, :done?
        assert_match(/pending/, pending.inspect)
      end.join
      pending.resolve(1)
      assert_equal 1, Thread.new { pending.await }.value
    end
  end

  def test_R041_a_future_of_another_runner_is_refused
    in_task do
      pending = future
      Thread.new do
        Librunner.run do
          assert_raises(Librunner::ForeignError) { pending.await }
          assert_raises(Librunner::ForeignError) { Librunner.shield(pending) }
          assert_raises(Librunner::ForeignError) { Librunner.gather(pending) }
          assert_raises(Librunner::ForeignError) { Librunner.wait([pending]) }
        end
      end.join
    end
  end

  def test_a_callback_cannot_wait
    in_task do
      pending = future
      refused = nil
      @loop.call_soon do
        pending.await
      rescue Librunner::NoTaskError => e
        refused = e
      end
      turns(2)
      assert_kind_of Librunner::NoTaskError, refused
    end
  end

  def test_a_future_tells_its_state
    in_task do
      made = 4.times.map { future }
      made[1].resolve(1)
      made[2].cancel
      made[3].reject(ArgumentError.new)
      assert_equal ["pending", "done", "cancelled", "failed: ArgumentError"].map { |s| "#<Librunner::Future #{s}>" },
        made.map(&:inspect)
      assert_equal made.map(&:inspect), made.map(&:to_s)
      made[3].exception
    end
  end

  def test_a_future_lives_through_the_collector
    run_stressed do
      pending = Librunner.current_loop.create_future
      Librunner.spawn { pending.resolve("a" * 100) }
      assert_equal "a" * 100, pending.await
    end
  end

  private

  # What is made in there is on no stack any more.
  def make_garbage(&block)
    Fiber.new(blocking: true, &block).resume
    nil
  end

  # Collects until it is so.
  def collect
    20.times do
      Fiber.new(blocking: true) { Array.new(100) { Object.new } }.resume
      GC.start
      turns(2)
      break if block_given? && yield
    end
  end
end
