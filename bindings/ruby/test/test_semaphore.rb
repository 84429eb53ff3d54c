# frozen_string_literal: true

require_relative "diary"

# Semaphores.
class TestSemaphore < LibrunnerTest
  include Diary

  def test_a_semaphore_lets_so_many_tasks_go_on_at_a_time
    in_task do
      semaphore = Librunner::Semaphore.new(2)
      group do |g|
        %w[a b c d e].each { |name| g.spawn { semaphore.synchronize { note name; sleep 0.01 } } }
        sleep 0.005
        assert_predicate semaphore, :locked?
        assert_equal 0, semaphore.value
      end
      assert_diary "0 a", "0 b", "10 c", "10 d", "20 e"
      refute_predicate semaphore, :locked?
      assert_equal 2, semaphore.value
    end
  end

  def test_only_a_bounded_semaphore_refuses_to_be_released_too_often
    in_task do
      semaphore = Librunner::Semaphore.new(0)
      assert_predicate semaphore, :locked?
      assert_nil semaphore.release
      assert_equal 1, semaphore.value
      bounded = Librunner::Semaphore.new(bounded: true)
      error = assert_raises(Librunner::InvalidStateError) { bounded.release }
      assert_equal "RUNNER_ERELEASED", error.code_name
      assert_same true, bounded.acquire
      bounded.release
    end
  end

  def test_a_semaphore_begins_with_a_number_from_0
    assert_raises(ArgumentError) { Librunner::Semaphore.new(-1) }
    assert_raises(ArgumentError) { Librunner::Semaphore.new(2**63) }
    [1.5, "1", nil].each { |value| assert_raises(TypeError) { Librunner::Semaphore.new(value) } }
    in_task { assert_equal 2**63 - 1, Librunner::Semaphore.new(2**63 - 1).value }
  end

  # It was handed to the first one, which never gets to know.
  def test_a_semaphore_is_not_lost_with_a_cancelled_waiter
    in_task do
      semaphore = Librunner::Semaphore.new
      semaphore.acquire
      first, second = Array.new(2) { spawn { semaphore.acquire } }
      turns
      semaphore.release
      first.cancel
      assert_same true, second.await
      assert_raises(Librunner::CancelledError) { first.await }
    end
  end

  def test_synchronize_releases_it_whatever_happens
    in_task do
      semaphore = Librunner::Semaphore.new
      assert_equal 3, semaphore.synchronize { 3 }
      assert_raises(IOError) { semaphore.synchronize { raise IOError } }
      assert_equal 4, catch(:out) { semaphore.synchronize { throw :out, 4 } }
      assert_equal 1, semaphore.value
      semaphore.acquire
      task = spawn { semaphore.synchronize { flunk } }
      turns
      task.cancel
      turns 2
      assert_equal 0, semaphore.value
    end
  end

  def test_a_callback_may_release_it
    in_task do
      semaphore = Librunner::Semaphore.new(0)
      @loop.call_later(0.01) { semaphore.release }
      semaphore.acquire
      assert_equal 10, now
    end
  end
end
