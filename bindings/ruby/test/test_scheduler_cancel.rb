# frozen_string_literal: true

require_relative "helper"

# Cancels in what Ruby's own locks and queues wait for: all stays as it was, and nothing that came is lost.
class TestSchedulerCancel < LibrunnerTest
  def cancelled(task) = assert_raises(Librunner::CancelledError) { task.await }

  def test_a_cancelled_wait_leaves_the_queue_as_it_was
    Librunner.run do
      queue = Thread::Queue.new
      tasks = Array.new(10) { |i| Librunner.spawn { [i, queue.pop] } }
      Librunner.yield
      tasks.each_with_index { |task, i| task.cancel if i.even? }
      tasks.each_with_index { |task, i| cancelled(task) if i.even? }
      assert_equal 5, queue.num_waiting
      5.times { |i| queue << i }
      assert_equal [1, 3, 5, 7, 9].zip(0...5), tasks.values_at(1, 3, 5, 7, 9).map(&:await)
      assert_equal [0, 0], [queue.num_waiting, queue.size]
    end
  end

  def test_a_cancelled_wait_for_room
    Librunner.run do
      queue = Thread::SizedQueue.new(1)
      queue << 1
      task = Librunner.spawn { queue << 2 }
      Librunner.yield
      task.cancel
      cancelled(task)
      assert_equal [1, 1, 0], [queue.size, queue.pop, queue.num_waiting]
    end
  end

  # Ruby has taken the task off its list: nobody else would be woken in its place.
  def test_who_was_woken_and_is_cancelled_does_not_lose_what_woke_it
    [false, true].each do |cancel_first|
      Librunner.run do
        queue = Thread::Queue.new
        got = nil
        first = Librunner.spawn do
          got = queue.pop
          sleep
        end
        second = Librunner.spawn { queue.pop }
        Librunner.yield
        first.cancel("mine") if cancel_first
        queue << :item
        first.cancel("mine") unless cancel_first
        assert_equal "mine", cancelled(first).message
        assert_equal :item, got
        queue << :other
        assert_equal :other, second.await
        assert_equal [0, 0], [queue.num_waiting, queue.size]
      end
    end
  end

  def test_who_was_woken_and_whose_time_is_over_at_once
    Librunner.run do
      queue = Thread::Queue.new
      item = Librunner.timeout(60) do |timeout|
        Librunner.spawn do
          queue << :item
          timeout.reschedule(0)
        end
        queue.pop
      end
      assert_equal [:item, 0], [item, Librunner::Task.current.cancelling]
    end
  end

  def test_a_cancelled_wait_for_a_mutex_leaves_it_to_the_others
    Librunner.run do
      mutex = Mutex.new
      mutex.lock
      first = Librunner.spawn { mutex.synchronize { flunk } }
      second = Librunner.spawn { mutex.synchronize { :second } }
      Librunner.yield
      first.cancel
      cancelled(first)
      mutex.unlock
      assert_equal :second, second.await
      refute_predicate mutex, :locked?
    end
  end

  def test_who_was_given_a_mutex_and_is_cancelled_gives_it_on
    Librunner.run do
      mutex = Mutex.new
      mutex.lock
      first = Librunner.spawn { mutex.synchronize { Librunner.sleep } }
      second = Librunner.spawn { mutex.synchronize { :second } }
      Librunner.yield
      mutex.unlock
      first.cancel
      cancelled(first)
      assert_equal :second, second.await
      refute_predicate mutex, :locked?
    end
  end

  def test_a_cancelled_wait_for_a_condition_has_the_lock
    [nil, 1000].each do |time|
      Librunner.run do
        mutex = Mutex.new
        condition = ConditionVariable.new
        had = nil
        task = Librunner.spawn do
          mutex.synchronize do
            condition.wait(mutex, time)
          ensure
            had = mutex.owned?
          end
        end
        Librunner.yield
        mutex.lock
        task.cancel
        Librunner.yield
        refute_predicate task, :done? # it waits for the lock
        mutex.unlock
        cancelled(task)
        assert had
        refute_predicate mutex, :locked?
        condition.signal # nobody
      end
    end
  end

  def test_a_wait_for_a_condition_is_cancelled_again_while_it_takes_the_lock
    Librunner.run do
      mutex = Mutex.new
      condition = ConditionVariable.new
      task = Librunner.spawn { mutex.synchronize { condition.wait(mutex) } }
      Librunner.yield
      mutex.lock
      2.times do
        task.cancel
        2.times { Librunner.yield }
      end
      refute_predicate task, :done?
      mutex.unlock
      cancelled(task)
      refute_predicate mutex, :locked?
    end
  end

  def test_a_cancelled_join
    Librunner.run do
      stop = Thread::Queue.new
      thread = Thread.new { stop.pop }
      tasks = [Librunner.spawn { thread.join }, Librunner.spawn { thread.value }, Librunner.spawn { thread.join(1000) }]
      Librunner.yield
      tasks.each(&:cancel).each { |task| cancelled(task) }
      stop << :end
      assert_equal :end, thread.value
    end
  end

  # The run is broken off; its close cancels what is left.
  def test_a_thread_is_killed_or_interrupted_in_the_middle_of_all
    queue = Thread::Queue.new
    mutex = Mutex.new
    condition = ConditionVariable.new
    [:kill, :raise].each do |how|
      reader, writer = IO.pipe
      ended = []
      started = Thread::Queue.new
      stop = Thread::Queue.new
      waits = {queue: -> { queue.pop }, condition: -> { mutex.synchronize { condition.wait(mutex) } },
               reader: -> { reader.read }, thread: -> { Librunner.in_thread { stop.pop } }}
      thread = Thread.new do
        Thread.current.report_on_exception = false
        Librunner.run do
          waits.each do |name, wait|
            Librunner.spawn do
              wait.call
            ensure
              ended << name
            end
          end
          Librunner.yield
          started << true
          queue.pop
        ensure
          ended << :main
        end
      end
      started.pop
      Thread.pass until thread.stop? # the loop waits: else a task would be interrupted
      how == :kill ? thread.kill : thread.raise("boom")
      stop << true
      how == :kill ? thread.join : assert_raises(RuntimeError) { thread.join }
      assert_equal %i[condition main queue reader thread], ended.sort
      assert_equal [0, false], [queue.num_waiting, mutex.locked?]
      [reader, writer].each(&:close)
    end
  end
end
