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
      add = lambda do |pause|
        100.times { mutex.synchronize { n = count; pause.call; count = n + 1 } }
      end
      threads = Array.new(2) { Thread.new { add[-> { Thread.pass }] } }
      tasks = Array.new(10) { Librunner.spawn { add[-> { sleep(0) }] } }
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
      thread = Thread.new { Thread.pass until beats > 5; :value } # so the wait for it holds nobody up
      assert_equal :value, thread.value
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
