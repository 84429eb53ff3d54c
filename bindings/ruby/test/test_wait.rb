# frozen_string_literal: true

require_relative "diary"

# Librunner.wait
class TestWait < LibrunnerTest
  include Diary

  ERROR = RuntimeError.new("mine")

  def after(seconds, error = nil)
    spawn do
      sleep(seconds)
      error ? raise(error) : seconds
    end
  end

  def wait(...) = Librunner.wait(...)

  {
    first_completed: ["10 over", 1], first_exception: ["20 over", 2], all_completed: ["30 over", 3]
  }.each do |mode, (line, count)|
    define_method("test_wait_until_#{mode}") do
      in_task do
        all = [after(0.03), after(0.02, ERROR), after(0.01)]
        done, pending = wait(all, return_when: mode)
        note "over"
        assert_diary line
        assert_equal all.last(count), done
        assert_equal all.first(3 - count), pending
        assert_raises_same(ERROR) { all[1].await }
      end
    end
  end

  def test_all_is_the_default
    in_task do
      done, pending = wait([after(0.01), after(0.02)])
      assert_equal [2, 0, 20], [done.size, pending.size, now]
    end
  end

  def test_a_timeout_leaves_the_others_alone
    in_task do
      fast = after(0.01)
      slow = after(0.03)
      assert_equal [[fast], [slow]], wait([fast, slow], timeout: 0.02)
      note "over"
      slow.await
      note "slow one over"
      assert_diary "20 over", "30 slow one over"
    end
  end

  def test_a_timeout_of_0_looks
    in_task do
      done = after(0)
      pending = after(0.01)
      turns(3)
      [0, -1, 0.0].each { |timeout| assert_equal [[done], [pending]], wait([done, pending], timeout: timeout) }
      assert_equal 0, now
    end
  end

  def test_tasks_and_futures
    in_task do
      future = @loop.create_future
      task = after(0)
      turns(2)
      assert_equal [[task], [future]], wait([future, task], return_when: :first_completed)
      future.cancel
      assert_equal [[future, task], []], wait([future, task])
    end
  end

  def test_any_enumerable
    in_task do
      require "set"
      all = [after(0.01), after(0.02)]
      assert_equal [all, []], wait(Set.new(all))
      assert_equal [all, []], wait(all.each)
    end
  end

  def test_R147_a_cancel_of_who_waits_does_not_reach_what_it_waits_for
    in_task do
      task = after(0.02)
      waiting = spawn { wait([task]) }
      sleep(0.01)
      waiting.cancel("enough")
      assert_equal "enough", assert_raises(Librunner::CancelledError) { waiting.await }.message
      assert_equal 0.02, task.await
    end
  end

  def test_a_cancelled_task_is_done_and_no_exception
    in_task do
      cancelled = spawn { sleep }
      slow = after(0.02)
      @loop.call_later(0.01) { cancelled.cancel }
      assert_equal [[cancelled], [slow]], wait([cancelled, slow], return_when: :first_completed)
      assert_equal [[cancelled, slow], []], wait([cancelled, slow], return_when: :all_completed)
      assert_equal 20, now
    end
  end

  def test_a_future_that_was_cancelled_with_a_task_is_done
    in_task do
      future = @loop.create_future
      task = spawn { future.await }
      turns
      @loop.call_later(0.01) { task.cancel }
      assert_equal [[future], []], wait([future])
      assert_equal 10, now
    end
  end

  def test_R093_what_was_taken_can_be_waited_for_again_and_is_not_reported
    other = ArgumentError.new("other")
    in_task do
      task = after(0.01, ERROR)
      future = @loop.create_future
      future.reject(other)
      assert_raises_same(ERROR) { task.await }
      assert_raises_same(other) { future.await }
      sleep(0.01) # the library has let go of both
      2.times do
        assert_equal [[task, future], []], wait([task, future], return_when: :first_exception)
        assert_raises_same(ERROR) { Librunner.gather(task) }
        assert_raises_same(other) { Librunner.gather(future) }
        assert_raises_same(ERROR) { Librunner.shield(task) }
        assert_raises_same(ERROR) { task.await(timeout: 0.01) }
        results = Librunner.gather(task, future, task, return_exceptions: true)
        [ERROR, other, ERROR].zip(results) { |want, got| assert_same want, got }
      end
    end
  end

  def test_R093_wait_takes_no_failure
    reported = []
    Librunner.run(exception_handler: proc { |context| reported << context.exception }) do
      task = Librunner.spawn { raise ERROR }
      assert_equal [[task], []], wait([task])
    end
    assert_equal [ERROR], reported
  end

  def test_what_stands_twice_counts_once
    in_task do
      done = after(0)
      turns(3)
      pending = after(0.01)
      assert_equal [[done, pending], []], wait([done, pending, done])
    end
  end

  def test_there_has_to_be_something_to_wait_for
    in_task do
      assert_match(/nothing/, assert_raises(ArgumentError) { wait([]) }.message)
    end
  end

  def test_options_are_checked
    in_task do
      task = after(0.01)
      [nil, :all, "all_completed"].each do |mode|
        assert_match(/return_when/, assert_raises(ArgumentError) { wait([task], return_when: mode) }.message)
      end
      assert_raises(ArgumentError) { wait([task], timeout: Float::NAN) }
      assert_raises(TypeError) { wait([task], timeout: "1") }
      assert_raises(TypeError) { wait(nil) }
      assert_raises(TypeError) { wait(task) }
    end
  end

  def test_no_limit_is_no_limit
    in_task do
      [nil, Float::INFINITY, 1e12].each do |timeout|
        task = after(0.01)
        assert_equal [[task], []], wait([task], timeout: timeout)
      end
    end
  end

  def test_wait_lives_through_the_collector
    run_stressed do
      tasks = Array.new(4) { Librunner.spawn { Librunner.yield } }
      assert_equal [tasks, []], Librunner.wait(tasks)
    end
  end
end
