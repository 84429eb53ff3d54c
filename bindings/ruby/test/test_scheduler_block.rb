# frozen_string_literal: true

require_relative "helper"
require "monitor"

# What Ruby's own locks and queues wait for: Thread::Queue, Mutex, ConditionVariable, Monitor, threads.
class TestSchedulerBlock < LibrunnerTest
  def test_a_queue_between_tasks
    seen = []
    virtual do
      queue = Thread::Queue.new
      getters = Array.new(3) { |i| Librunner.spawn { seen << [i, queue.pop] } }
      Librunner.spawn { sleep(1); 3.times { |n| queue << n } }
      getters.each(&:await)
      assert_equal 0, queue.num_waiting
    end
    assert_equal [[0, 0], [1, 1], [2, 2]], seen
  end

  def test_a_queue_that_is_closed_wakes_all
    Librunner.run do
      queue = Thread::Queue.new
      tasks = Array.new(5) { Librunner.spawn { queue.pop } }
      Librunner.yield
      assert_equal 5, queue.num_waiting
      queue.close
      assert_equal [nil] * 5, tasks.map(&:await)
    end
  end

  def test_a_sized_queue_waits_for_room
    Librunner.run do
      queue = Thread::SizedQueue.new(2)
      producer = Librunner.spawn { 100.times { |i| queue << i }; queue.close }
      seen = []
      while (item = queue.pop)
        seen << item
      end
      producer.await
      assert_equal (0...100).to_a, seen
    end
  end

  def test_another_thread_pushes
    Librunner.run do
      queue = Thread::Queue.new
      beat = Librunner.spawn { loop { sleep(0.001) } }
      thread = Thread.new { Kernel.sleep(0.02); queue << :item }
      assert_equal :item, queue.pop
      thread.join
      beat.cancel
    end
  end

  def test_who_waits_for_another_thread_is_in_no_deadlock
    Librunner.run(deadlock: true) do
      queue = Thread::Queue.new
      thread = Thread.new { Kernel.sleep(0.05); queue << 1 }
      assert_equal 1, queue.pop
      thread.join
    end
  end

  def test_a_handler_of_a_signal_pushes
    out, err, status = child(<<~'RUBY')
      queue = Thread::Queue.new
      trap("USR1") { queue << :signalled }
      Librunner.run do
        Librunner.spawn { Process.kill(:USR1, Process.pid) }
        p queue.pop
        pid = Process.pid
        # While the loop waits: nothing else can wake it.
        other = fork { Kernel.sleep(0.1); Process.kill(:USR1, pid) }
        p queue.pop
        Process.wait(other)
      end
    RUBY
    assert_equal ":signalled\n:signalled\n", out, err
    assert_predicate status, :success?
  end

  def test_a_mutex_is_owned_by_a_task
    virtual do
      mutex = Mutex.new
      order = []
      tasks = Array.new(3) do |i|
        Librunner.spawn do
          mutex.synchronize do
            order << [i, :in]
            sleep(1)
            order << [i, :out]
          end
        end
      end
      tasks.each(&:await)
      assert_equal [[0, :in], [0, :out], [1, :in], [1, :out], [2, :in], [2, :out]], order
      assert_raises(ThreadError) { mutex.synchronize { mutex.lock } }
    end
  end

  def test_a_mutex_is_shared_with_threads
    mutex = Mutex.new
    count = 0
    Librunner.run do
      threads = Array.new(2) { Thread.new { 100.times { mutex.synchronize { n = count; Thread.pass; count = n + 1 } } } }
      tasks = Array.new(10) { Librunner.spawn { 100.times { mutex.synchronize { n = count; sleep(0); count = n + 1 } } } }
      tasks.each(&:await)
      threads.each(&:join)
    end
    assert_equal 1200, count
  end

  def test_a_monitor
    Librunner.run do
      monitor = Monitor.new
      ready = monitor.new_cond
      items = []
      getter = Librunner.spawn { monitor.synchronize { ready.wait_while { items.empty? }; items.shift } }
      Librunner.yield
      monitor.synchronize { monitor.synchronize { items << 1; ready.signal } }
      assert_equal 1, getter.await
      assert_equal false, monitor.synchronize { ready.wait(0.001) && items.any? }
    end
  end

  def test_a_condition_variable_wakes_in_order_and_holds_the_lock
    virtual do
      mutex = Mutex.new
      condition = ConditionVariable.new
      order = []
      waiters = Array.new(3) do |i|
        Librunner.spawn do
          mutex.synchronize do
            condition.wait(mutex)
            order << i
            assert_predicate mutex, :owned?
          end
        end
      end
      sleep(1)
      mutex.synchronize { condition.signal }
      sleep(1)
      assert_equal [0], order
      mutex.synchronize { condition.broadcast }
      waiters.each(&:await)
      assert_equal [0, 1, 2], order
    end
  end

  def test_a_condition_variable_waits_for_a_time
    virtual do
      loop = Librunner.current_loop
      mutex = Mutex.new
      condition = ConditionVariable.new
      start = loop.time
      mutex.synchronize { condition.wait(mutex, 2) }
      assert_in_delta 2, loop.time - start, 1e-9
      # It is woken before the time is over, and forgets the rest.
      loop.call_later(1) { condition.signal }
      start = loop.time
      mutex.synchronize { condition.wait(mutex, 1000); assert_predicate mutex, :owned? }
      assert_in_delta 1, loop.time - start, 1e-9
      mutex.synchronize { mutex.sleep(3) }
      assert_in_delta 4, loop.time - start, 1e-9
    end
  end

  def test_a_thread_is_joined
    Librunner.run do
      beats = 0
      beat = Librunner.spawn { loop { sleep(0.001); beats += 1 } }
      thread = Thread.new { Kernel.sleep(0.05); :value }
      assert_equal :value, thread.value
      assert_operator beats, :>, 5
      beat.cancel
      assert_same thread, thread.join
      failed = Thread.new { Thread.current.report_on_exception = false; Kernel.sleep(0.01); raise "boom" }
      assert_equal "boom", assert_raises(RuntimeError) { failed.value }.message
    end
  end

  def test_a_join_has_a_limit
    virtual do
      stop = Thread::Queue.new
      thread = Thread.new { stop.pop }
      assert_nil thread.join(1)
      assert_nil thread.join(0)
      assert_nil thread.join(0.5r)
      assert_raises(TypeError) { thread.join("1") }
      stop << 1
    end
    Librunner.run do
      stop = Thread::Queue.new
      thread = Thread.new { stop.pop }
      Librunner.spawn { sleep(0.001); stop << 1 }
      assert_same thread, thread.join(1000)
      assert_same thread, thread.join(0)
    end
  end

  # ---- cancels -------------------------------------------------------------------------------------

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
      item = Librunner.timeout(0.01) do |timeout|
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

  # ---- between runs --------------------------------------------------------------------------------

  def test_what_comes_between_two_runs_is_not_missed
    queue = Thread::Queue.new
    mutex = Mutex.new
    condition = ConditionVariable.new
    done = []
    Librunner::Runner.open do |runner|
      thread = Thread.new { Thread.stop }
      runner.run do
        Librunner.spawn { done << queue.pop }
        Librunner.spawn { mutex.synchronize { condition.wait(mutex); done << :condition } }
        Librunner.spawn { thread.join; done << :thread }
        Librunner.yield
      end
      queue << :item
      mutex.synchronize { condition.signal }
      Thread.pass until thread.stop?
      thread.wakeup.join
      assert_empty done
      runner.run { sleep(0.001) }
      assert_equal %i[condition item thread], done.sort
    end
  end

  def test_who_waits_on_waits_in_the_next_run
    queue = Thread::Queue.new
    got = []
    Librunner::Runner.open do |runner|
      runner.run { Librunner.spawn { 2.times { got << queue.pop } }; Librunner.yield }
      3.times { runner.run { 3.times { Librunner.yield } } }
      assert_equal 1, queue.num_waiting
      runner.run { queue << 1; sleep(0.001) }
      assert_equal [1], got
    end
    assert_equal 0, queue.num_waiting
  end

  def test_a_close_cancels_who_waits
    queue = Thread::Queue.new
    ended = nil
    Librunner.run do
      Librunner.spawn do
        queue.pop
      rescue Librunner::CancelledError
        ended = :cancelled
        raise
      end
      Librunner.yield
    end
    assert_equal [:cancelled, 0], [ended, queue.num_waiting]
  end

  # The lists of Ruby lie on the stacks of the fibers.
  def test_the_queue_of_a_task_that_was_given_up_or_forgotten_can_be_used
    out, err, status = child(<<~'RUBY')
      queues = Array.new(2) { Thread::Queue.new }
      mutex = Mutex.new.tap(&:lock)
      runner = Librunner::Runner.new(cancel_grace: 0.01, exception_handler: ->(_) {})
      runner.run do
        Librunner.spawn { begin; queues[0].pop; rescue Librunner::CancelledError; retry; end }
        Librunner.spawn { begin; mutex.lock; rescue Librunner::CancelledError; retry; end }
        Librunner.yield
      end
      begin
        runner.close
      rescue Librunner::TimeoutError => e
        puts e.class
      end
      forgotten = Librunner::Runner.new
      forgotten.run { Librunner.spawn { queues[1].pop }; Librunner.yield }
      runner = forgotten = nil
      Fiber.new { 100.times { Fiber.new { "#{1}" * 100 }.resume } }.resume
      3.times { GC.start }
      queues.each { |queue| queue << 1; queue << 2 }
      mutex.unlock
      3.times { GC.start }
      puts "fine"
    RUBY
    assert_equal "Librunner::TimeoutError\nfine\n", out, err
    assert_predicate status, :success?
    refute_includes err, "BUG"
  end

  def test_under_the_collector
    run_stressed do
      queue = Thread::Queue.new
      mutex = Mutex.new
      tasks = Array.new(3) { Librunner.spawn { mutex.synchronize { queue.pop } } }
      Librunner.yield
      thread = Thread.new { 3.times { |i| queue << i } }
      assert_equal [0, 1, 2], tasks.map(&:await)
      thread.join
    end
  end
end
