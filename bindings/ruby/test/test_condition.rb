# frozen_string_literal: true

require_relative "diary"

# Conditions.
class TestCondition < LibrunnerTest
  include Diary

  def test_notified_tasks_go_on_one_after_the_other_with_the_lock
    in_task do
      condition = Librunner::Condition.new
      group do |g|
        %w[first second third].each do |name|
          g.spawn do
            condition.synchronize do
              assert_same true, condition.wait
              assert_predicate condition.lock, :locked?
              note "#{name} goes on"
              sleep 0.01
            end
          end
        end
        sleep 0.01
        condition.synchronize { assert_nil condition.notify }
        sleep 0.02
        condition.synchronize { assert_nil condition.notify_all }
      end
      assert_diary "10 first goes on", "30 second goes on", "40 third goes on"
    end
  end

  def test_notify_wakes_as_many_as_it_says
    in_task do
      condition = Librunner::Condition.new
      tasks = Array.new(4) { spawn { condition.synchronize { condition.wait } } }
      turns
      condition.synchronize do
        condition.notify(0)
        condition.notify(3)
      end
      sleep 0.01
      assert_equal [true, true, true, false], tasks.map(&:done?)
      condition.synchronize { condition.notify(100) }
      assert_same true, tasks.last.await
    end
  end

  def test_wait_for_waits_until_something_is_so
    in_task do
      value = 0
      condition = Librunner::Condition.new(Librunner::Lock.new)
      task = spawn { condition.synchronize { condition.wait_for { value >= 3 && "value #{value}" } } }
      3.times do
        sleep 0.01
        condition.synchronize { value += 1; condition.notify_all }
      end
      assert_equal "value 3", task.await
    end
  end

  def test_a_condition_whose_lock_nobody_holds_refuses
    in_task do
      condition = Librunner::Condition.new
      [-> { condition.wait }, -> { condition.notify }, -> { condition.notify_all }].each do |use|
        assert_equal "RUNNER_ENOTLOCKED", assert_raises(Librunner::InvalidStateError, &use).code_name
      end
      refute_predicate condition.lock, :locked?
      assert_raises(ArgumentError) { condition.notify(-1) }
      assert_raises(TypeError) { condition.notify(1.5) }
      assert_raises(ArgumentError) { condition.wait_for }
      assert_equal 3, condition.wait_for { 3 }
    end
  end

  def test_who_is_cancelled_while_it_waits_holds_the_lock
    in_task do
      condition = Librunner::Condition.new
      task = spawn do
        condition.lock.acquire
        until_cancelled_in(condition) { assert_predicate condition.lock, :locked? }
      ensure
        condition.lock.release
      end
      sleep 0.01
      task.cancel
      assert_raises(Librunner::CancelledError) { task.await }
      refute_predicate condition.lock, :locked?
    end
  end

  # It gets the lock first, however long that takes.
  def test_who_is_cancelled_while_another_holds_the_lock_waits_for_that
    in_task do
      condition = Librunner::Condition.new
      task = spawn { condition.synchronize { until_cancelled_in(condition) { note "cancelled" } } }
      turns
      condition.synchronize { task.cancel; sleep 0.01; note "released" }
      assert_raises(Librunner::CancelledError) { task.await }
      assert_diary "10 released", "10 cancelled"
    end
  end

  def until_cancelled_in(condition)
    condition.wait
  rescue Librunner::CancelledError
    yield
    raise
  end

  def test_conditions_may_share_a_lock
    in_task do
      lock = Librunner::Lock.new
      full = Librunner::Condition.new(lock)
      empty = Librunner::Condition.new(lock)
      assert_same lock, full.lock
      assert_same lock, empty.lock
      task = spawn { lock.synchronize { full.wait } }
      turns
      lock.synchronize do
        empty.notify_all
        turns 3
        refute_predicate task, :done?
        full.notify_all
      end
      assert_same true, task.await
    end
  end

  def test_a_condition_takes_a_lock_of_its_runner
    assert_raises(TypeError) { Librunner::Condition.new(Mutex.new) }
    lock = Librunner::Lock.new
    in_task { lock.acquire }
    in_task { assert_raises(Librunner::ForeignError) { Librunner::Condition.new(lock).wait } }
  end
end
