# frozen_string_literal: true

require_relative "diary"

# Locks: order, cancels, blocks that are left.
class TestLock < LibrunnerTest
  include Diary

  def test_a_lock_is_handed_over_in_the_order_of_coming
    in_task do
      lock = Librunner::Lock.new
      assert_same true, lock.acquire
      assert_predicate lock, :locked?
      group do |g|
        %w[first second third].each do |name|
          g.spawn { lock.synchronize { note "#{name} has it"; sleep 0.01 } }
        end
        sleep 0.005
        assert_nil lock.release
      end
      assert_diary "5 first has it", "15 second has it", "25 third has it"
      refute_predicate lock, :locked?
    end
  end

  def test_what_nobody_holds_cannot_be_released
    in_task do
      error = assert_raises(Librunner::InvalidStateError) { Librunner::Lock.new.release }
      assert_equal "RUNNER_ENOTLOCKED", error.code_name
    end
  end

  def test_a_callback_may_release_a_lock_but_not_take_it
    in_task do
      lock = Librunner::Lock.new
      lock.acquire
      refused = nil
      @loop.call_later(0.01) do
        lock.release
        lock.acquire
      rescue Librunner::Error => refused
        nil
      end
      lock.acquire
      assert_instance_of Librunner::NoTaskError, refused
    end
  end

  def test_a_cancelled_waiter_leaves_the_line
    in_task do
      lock = Librunner::Lock.new
      lock.acquire
      first, second = Array.new(2) { spawn { lock.acquire } }
      turns
      first.cancel
      lock.release
      assert_raises(Librunner::CancelledError) { first.await }
      assert_same true, second.await
      assert_predicate lock, :locked?
    end
  end

  # It is cancelled after the lock was handed to it, and before it could run.
  def test_a_lock_is_not_lost_with_a_cancelled_waiter
    in_task do
      lock = Librunner::Lock.new
      lock.acquire
      first, second = Array.new(2) { spawn { lock.synchronize { 3 } } }
      turns
      lock.release
      first.cancel
      assert_equal 3, second.await
      assert_raises(Librunner::CancelledError) { first.await }
      refute_predicate lock, :locked?
    end
  end

  def test_a_task_that_takes_it_twice_waits_for_itself
    assert_raises(Librunner::DeadlockError) do
      Librunner.run(exception_handler: proc {}) do
        lock = Librunner::Lock.new
        lock.synchronize { lock.acquire }
      end
    end
  end

  def test_synchronize_releases_the_lock_whatever_happens
    in_task do
      lock = Librunner::Lock.new
      error = Class.new(Exception).new
      assert_equal 3, lock.synchronize { 3 }
      refute_predicate lock, :locked?
      assert_raises_same(error) { lock.synchronize { raise error } }
      refute_predicate lock, :locked?
      assert_equal 4, catch(:out) { lock.synchronize { throw :out, 4 } }
      assert_equal 5, broken_out(lock)
      refute_predicate lock, :locked?
      assert_raises(Librunner::InvalidStateError) { lock.synchronize { lock.release } }
    end
  end

  def broken_out(lock) = lock.synchronize { break 5 }

  def test_synchronize_without_the_lock_releases_nothing
    in_task do
      lock = Librunner::Lock.new
      lock.acquire
      task = spawn { lock.synchronize { flunk } }
      turns
      task.cancel
      assert_raises(Librunner::CancelledError) { task.await }
      assert_predicate lock, :locked?
    end
  end

  def test_it_may_be_held_across_waits_by_many
    run_stressed do
      lock = Librunner::Lock.new
      inside = most = 0
      group do |g|
        20.times do
          g.spawn do
            lock.synchronize do
              most = [most, inside += 1].max
              Librunner.yield
              inside -= 1
            end
          end
        end
      end
      assert_equal [0, 1], [inside, most]
    end
  end
end
