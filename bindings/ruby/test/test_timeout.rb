# frozen_string_literal: true

require_relative "diary"

# Timeouts: expiry, nesting, cancels from outside, moved deadlines.
class TestTimeout < LibrunnerTest
  include Diary

  def setup
    @first = RuntimeError.new("first")
  end

  def timeout(...) = Librunner.timeout(...)

  def assert_timed_out(&block) = assert_raises(Librunner::TimeoutError, &block)

  def test_R170_a_body_that_outlives_its_deadline_times_out
    in_task do
      inside = nil
      error = assert_timed_out do
        timeout(0.01) do
          sleep
        rescue Librunner::CancelledError => inside
          raise
        end
      end
      assert_equal 10, now
      assert_same inside, error.cause
      assert_equal "RUNNER_ETIMEDOUT", error.code_name
    end
  end

  def test_R170_the_timeout_tells_that_it_has_expired
    in_task do
      left = nil
      assert_timed_out do
        timeout(0.01) do |t|
          left = t
          assert_in_delta @begun + 0.01, t.when, 1e-9
          refute_predicate t, :expired?
          assert_equal "#<Librunner::Timeout open>", t.inspect
          until_cancelled { assert_predicate t, :expired? }
        end
      end
      assert_predicate left, :expired?
      assert_in_delta @begun + 0.01, left.when, 1e-9
      assert_equal "#<Librunner::Timeout expired>", left.inspect
    end
  end

  def test_R170_a_deadline_may_be_given_on_the_clock_of_the_loop
    in_task do
      sleep 1
      assert_timed_out { Librunner.timeout_at(@loop.time + 0.01) { sleep } }
      assert_equal 1010, now
      assert_timed_out { Librunner.timeout_at(@loop.time - 1) { Librunner.yield } }
      assert_equal 3, Librunner.timeout_at(nil) { |t| sleep 1000; t.when.nil? && 3 }
    end
  end

  def test_R170_every_kind_of_number_is_a_time
    in_task do
      [0.01, Rational(1, 100), 1].each { |time| assert_timed_out { timeout(time) { sleep } } }
      assert_equal 1020, now
    end
  end

  def test_R171_a_body_that_ends_first_has_its_own_outcome
    in_task do
      assert_equal 3, timeout(0.01) { sleep 0.005; 3 }
      assert_raises_same(@first) { timeout(0.01) { sleep 0.005; raise @first } }
      left = nil
      assert_raises_same(@first) { timeout(0.01) { |t| left = t; raise @first } }
      refute_predicate left, :expired?
      assert_equal "#<Librunner::Timeout finished>", left.inspect
      sleep 0.02 # nothing is left that could expire
    end
  end

  def test_R171_errors_of_every_class_come_out_unchanged
    in_task do
      [SystemExit, Interrupt, NoMemoryError, ScriptError, Librunner::CancelledError, Exception,
       Librunner::TimeoutError].each do |kind|
        error = kind.new("mine")
        assert_raises_same(error) { timeout(1) { raise error } }
      end
    end
  end

  def test_R171_a_body_may_be_left_by_break_return_throw_and_next
    in_task do
      assert_equal [3, 4, 5], [broken_out, returned, thrown]
      assert_equal 6, timeout(0.01) { next 6 }
      sleep 0.02 # nothing is left that could expire
    end
  end

  def broken_out = timeout(0.01) { break 3 }

  def returned
    timeout(0.01) { return 4 }
  end

  def thrown = catch(:out) { timeout(0.01) { throw :out, 5 } }

  def test_R172_without_a_time_it_never_expires
    in_task do
      [nil, Float::INFINITY].each do |time|
        timeout(time) do |t|
          assert_nil t.when
          sleep 1000 * 3600
          refute_predicate t, :expired?
        end
      end
    end
  end

  def test_R173_no_time_cancels_at_the_first_wait
    in_task do
      [0, -1, -3600.0].each do |time|
        began = false
        assert_timed_out { timeout(time) { began = true; Librunner.yield } }
        assert began
      end
      assert_equal 3, timeout(0) { 3 }
      assert_equal 0, cancelling
    end
  end

  def test_R174_of_nested_timeouts_with_one_deadline_the_outer_one_reports_it
    in_task do
      inner = outer = nil
      assert_timed_out do
        timeout(0.01) do |t|
          outer = t
          assert_raises(Librunner::CancelledError) do
            timeout(0.01) do |u|
              inner = u
              sleep
            end
          end
          raise Librunner::CancelledError
        end
      end
      assert_equal [true, true], [inner.expired?, outer.expired?]
      assert_equal 0, cancelling
    end
  end

  def test_R174_an_inner_timeout_that_expires_first_leaves_the_outer_one
    in_task do
      timeout(0.02) do
        assert_timed_out { timeout(0.01) { sleep } }
        sleep 0.005
      end
      assert_timed_out { timeout(0.01) { timeout(0.02) { sleep } } }
      assert_equal 25, now
    end
  end

  def test_R175_a_loop_that_was_busy_past_both
    in_task(clock: :real) do
      assert_timed_out do
        timeout(0.02) do
          assert_raises(Librunner::CancelledError) do
            timeout(0.01) do
              deadline = @loop.time + 0.03
              nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < deadline
              sleep
            end
          end
          raise Librunner::CancelledError
        end
      end
      assert_equal 0, cancelling
    end
  end

  # Cancelled before the deadline; or after it, but before the task could be told.
  def test_R176_R177_a_cancel_from_outside_is_no_timeout
    [false, true].each do |both|
      in_task do
        task = spawn do
          timeout(0.01) { sleep }
        ensure
          assert_instance_of Librunner::CancelledError, $!
          assert_equal 1, cancelling
        end
        both ? @loop.call_later(0.01) { task.cancel } : (sleep(0.005); task.cancel)
        assert_raises(Librunner::CancelledError) { task.await }
        assert_predicate task, :cancelled?
      end
    end
  end

  def test_R178_a_task_is_not_left_cancelled_by_its_timeout
    in_task do
      assert_timed_out { timeout(0.01) { sleep } }
      assert_equal 0, cancelling
      sleep 0.01
    end
  end

  def test_R178_a_body_may_swallow_the_expiry
    in_task do
      value = timeout(0.01) do |t|
        sleep
      rescue Librunner::CancelledError
        t.expired?
      end
      assert_same true, value
      turns
    end
  end

  def test_R179_a_body_may_answer_the_expiry_with_an_error
    in_task do
      assert_raises_same(@first) { timeout(0.01) { begin sleep; ensure raise @first; end } }
      assert_equal 0, cancelling
    end
  end

  def test_R179_children_that_fail_on_the_expiry_make_it_an_error_of_their_group
    in_task do
      error = assert_raises(Librunner::GroupError) do
        timeout(0.01) { group { |g| g.spawn { begin sleep; ensure raise @first; end } } }
      end
      assert_equal [@first], error.errors
      assert_equal 0, cancelling
    end
  end

  def test_R170_a_timeout_ends_a_group_with_its_children
    in_task do
      assert_timed_out do
        timeout(0.01) { group { |g| g.spawn { until_cancelled { sleep 0.005; note "child over" } } } }
      end
      assert_diary "15 child over"
    end
  end

  def test_R180_a_deadline_may_be_moved_while_it_has_not_passed
    in_task do
      left = nil
      assert_timed_out do
        timeout(0.01) do |t|
          left = t
          assert_nil t.reschedule(@loop.time + 0.03)
          sleep 0.02
          t.reschedule(nil)
          assert_nil t.when
          sleep 0.02
          t.reschedule(@loop.time + 0.01)
          until_cancelled { assert_refused("RUNNER_EEXPIRING") { t.reschedule(nil) } }
        end
      end
      assert_equal 50, now
      assert_refused("RUNNER_EEXPIRED") { left.reschedule(nil) }
      left = timeout(0.01) { |t| t }
      assert_refused("RUNNER_EFINISHED") { left.reschedule(nil) }
    end
  end

  def test_R180_a_deadline_in_the_past_is_due_at_once
    in_task do
      assert_timed_out do
        timeout(10) do |t|
          t.reschedule(@loop.time - 1)
          Librunner.yield
        end
      end
      assert_equal 0, now
    end
  end

  def test_R180_another_task_or_a_callback_may_move_it
    in_task do
      assert_timed_out do
        timeout(0.01) do |t|
          spawn { t.reschedule(@loop.time + 0.02) }
          @loop.call_later(0.015) { t.reschedule(@loop.time + 0.02) }
          sleep
        end
      end
      assert_equal 35, now
    end
  end

  def assert_refused(name, &block)
    assert_equal name, assert_raises(Librunner::InvalidStateError, &block).code_name
  end

  def test_R181_a_timeout_needs_a_task_a_body_and_a_time
    assert_raises(Librunner::NoTaskError) { timeout(1) { flunk } }
    in_task do
      assert_raises(ArgumentError) { timeout(1) }
      assert_raises(ArgumentError) { timeout(Float::NAN) { flunk } }
      ["1", :one, Object.new].each { |time| assert_raises(TypeError) { timeout(time) { flunk } } }
      timeout(1) { |t| assert_raises(ArgumentError) { t.reschedule(Float::NAN) } }
      refused = nil
      @loop.call_soon { timeout(1) { flunk } rescue refused = $! } # rubocop:disable Style/RescueModifier
      turns
      assert_instance_of Librunner::NoTaskError, refused
      assert_raises(NoMethodError) { Librunner::Timeout.new }
    end
  end

  def test_R181_other_threads_may_not_move_a_deadline
    in_task do
      timeout(nil) do |t| # a virtual clock would not wait for the thread
        Thread.new { assert_raises(Librunner::WrongThreadError) { t.reschedule(nil) } }.join
      end
    end
  end

  def test_a_killed_thread_leaves_a_timeout
    seen = []
    thread = Thread.new do
      Librunner.run do
        Librunner.timeout(3600) { Thread.current.kill }
      ensure
        seen << $!
      end
    end
    thread.join
    assert_equal [nil], seen
  end

  # An Enumerator has a fiber of its own, which any task may go on with.
  def test_R181_a_timeout_ends_in_the_task_that_it_began_in
    in_task do
      enumerator = Enumerator.new do |out|
        timeout(0.01) { out << 1 }
      end
      assert_equal 1, enumerator.next
      task = spawn { assert_refused("RUNNER_EOWNER") { enumerator.next } }
      task.await
      sleep 0.02 # nothing is left that could expire
    end
  end

  def test_timeouts_leave_nothing_in_the_library
    in_task do
      before = in_use
      100.times do
        timeout(1) { 3 }
        assert_timed_out { timeout(0) { Librunner.yield } }
        timeout(1) { break }
      end
      assert_equal before, in_use
    end
  end

  def test_timeouts_under_gc_stress
    run_stressed(clock: :virtual) do
      20.times { assert_timed_out { timeout(0.01) { sleep } } }
    end
  end

  def test_R170_await_cancels_and_waits_for_a_task_that_takes_too_long
    in_task do
      task = spawn { until_cancelled { sleep 0.005; note "task over" } }
      assert_timed_out { task.await(timeout: 0.01) }
      assert_diary "15 task over"
      assert_equal 15, now
      assert_predicate task, :cancelled?
      assert_equal 0, cancelling
    end
  end

  def test_R145_await_without_time_never_starts_a_new_task
    in_task do
      task = spawn { flunk "the task has started" }
      assert_timed_out { task.await(timeout: 0) }
      assert_predicate task, :cancelled?
    end
  end

  def test_R148_await_gives_the_result_of_a_task_that_swallows_the_cancel
    in_task do
      task = spawn do
        sleep
      rescue Librunner::CancelledError
        42
      end
      assert_equal 42, task.await(timeout: 0.01)
    end
  end
end
