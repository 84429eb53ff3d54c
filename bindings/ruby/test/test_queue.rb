# frozen_string_literal: true

require_relative "diary"

# Queues: order, room, shutdown, what becomes of the items.
class TestQueue < LibrunnerTest
  include Diary

  def test_each_kind_of_queue_has_its_order
    {fifo: %w[c a b d], lifo: %w[d b a c], priority: %w[a b c d]}.each do |order, want|
      in_task do
        queue = Librunner::Queue.new(order: order)
        assert_nil queue.put("c", priority: 3)
        assert_nil queue.put_nowait("a", priority: -1)
        queue.put("b") # 0
        queue.put_nowait("d", priority: 3)
        assert_equal [4, 4], [queue.size, queue.length]
        assert_equal want, Array.new(4) { queue.get }
        assert_predicate queue, :empty?
      end
    end
  end

  def test_a_full_queue_is_waited_for_and_an_empty_one_too
    in_task do
      queue = Librunner::Queue.new(2)
      assert_equal 2, queue.maxsize
      group do |g|
        g.spawn { 5.times { |i| queue.put(i); note "put #{i}" } }
        5.times do |i|
          sleep 0.01
          assert_equal i, queue.get
        end
        @loop.call_later(0.02) { queue.put_nowait(5) }
        note "got #{queue.get}"
      end
      assert_diary "0 put 0", "0 put 1", "10 put 2", "20 put 3", "30 put 4", "70 got 5"
    end
  end

  def test_without_a_wait_a_queue_may_be_full_or_empty
    in_task do
      queue = Librunner::Queue.new(1)
      assert_raises(Librunner::QueueEmpty) { queue.get_nowait }
      refute_predicate queue, :full?
      queue.put_nowait(1)
      assert_predicate queue, :full?
      refute_predicate queue, :empty?
      error = assert_raises(Librunner::QueueFull) { queue.put_nowait(2) }
      assert_equal "RUNNER_EFULL", error.code_name
      assert_equal 1, queue.get_nowait
      endless = Librunner::Queue.new
      100.times { |i| endless.put_nowait(i) }
      refute_predicate endless, :full?
    end
  end

  def test_items_may_be_anything_also_nil_and_come_out_as_the_very_objects
    in_task do
      queue = Librunner::Queue.new
      items = [nil, false, Object.new, "text", BasicObject.new, Exception.new, 2**70]
      items.each { |item| queue.put(item) }
      items.each do |item|
        got = queue.get
        assert item.__id__ == got.__id__, "another object came out"
      end
    end
  end

  # The library tells of them by its own numbers; what an item can do is the program's affair.
  def test_dropped_items_are_not_called
    item = Object.new
    def item.dropped = raise("called")
    def item.call = raise("called")
    in_task do
      queue = Librunner::Queue.new
      [item, BasicObject.new].each { |one| queue.put(one) }
      queue.shutdown(immediate: true)
      turns 2
    end
  end

  def test_a_cancelled_wait_puts_and_takes_nothing
    in_task do
      queue = Librunner::Queue.new(1)
      assert_raises(Librunner::TimeoutError) { Librunner.timeout(0.01) { queue.get } }
      queue.put_nowait(1)
      assert_raises(Librunner::TimeoutError) { Librunner.timeout(0.01) { queue.put(2) } }
      assert_equal 1, queue.get_nowait
      assert_equal 0, queue.size
    end
  end

  # It was woken for an item, and cancelled before it could take it: the next one gets it.
  def test_no_item_is_lost_with_a_cancelled_waiter
    in_task do
      queue = Librunner::Queue.new
      first, second = Array.new(2) { spawn { queue.get } }
      turns
      queue.put_nowait(1)
      first.cancel
      assert_equal 1, second.await
      assert_predicate first, :cancelled?
    end
  end

  def test_join_waits_until_all_is_done
    in_task do
      queue = Librunner::Queue.new
      assert_nil queue.join
      error = assert_raises(Librunner::InvalidStateError) { queue.task_done }
      assert_equal "RUNNER_ETASKDONE", error.code_name
      3.times { |i| queue.put(i) }
      worker = spawn { loop { queue.get; sleep 0.01; assert_nil queue.task_done } }
      queue.join
      assert_equal 30, now
      worker.cancel
      assert_raises(Librunner::CancelledError) { worker.await }
    end
  end

  def test_a_queue_that_is_shut_down_gives_what_it_has
    in_task do
      queue = Librunner::Queue.new(1)
      queue.put(1)
      putter = spawn { queue.put(2) }
      turns
      assert_nil queue.shutdown
      assert_raises(Librunner::QueueShutdown) { putter.await }
      assert_raises(Librunner::QueueShutdown) { queue.put_nowait(3) }
      assert_raises(Librunner::QueueShutdown) { queue.put(3) }
      assert_equal 1, queue.get
      assert_raises(Librunner::QueueShutdown) { queue.get }
      assert_raises(Librunner::QueueShutdown) { queue.get_nowait }
    end
  end

  def test_a_shutdown_wakes_those_who_wait_for_items
    in_task do
      queue = Librunner::Queue.new
      getter = spawn { queue.get }
      turns
      queue.shutdown
      assert_raises(Librunner::QueueShutdown) { getter.await }
    end
  end

  def test_an_immediate_shutdown_drops_the_items_and_ends_the_join
    in_task do
      queue = Librunner::Queue.new
      queue.put_nowait(1)
      joining = spawn { queue.join }
      turns
      queue.shutdown(immediate: true)
      assert_nil joining.await
      assert_equal 0, queue.size
      assert_raises(Librunner::QueueShutdown) { queue.get }
    end
  end

  def test_what_a_queue_is_made_with
    assert_raises(ArgumentError) { Librunner::Queue.new(-1) }
    assert_raises(TypeError) { Librunner::Queue.new("1") }
    assert_raises(ArgumentError) { Librunner::Queue.new(order: :random) }
    in_task do
      queue = Librunner::Queue.new(order: :priority)
      kept = kept_now
      [1.5, nil, "1"].each { |priority| assert_raises(TypeError) { queue.put(1, priority: priority) } }
      assert_raises(RangeError) { queue.put(1, priority: 2**63) }
      assert_raises(RangeError) { queue.put_nowait(1, priority: -2**63 - 1) }
      assert_equal [0, kept], [queue.size, kept_now]
      queue.put("low", priority: 2**63 - 1)
      queue.put("high", priority: -2**63)
      assert_equal "high", queue.get
    end
  end

  # How many values of Ruby the library has.
  def kept_now = Librunner.const_get(:Driver).current.kept

  # What the queue does not have any more, the collector finds.
  def test_items_are_let_go
    in_task do
      kept = kept_now
      queue = Librunner::Queue.new(3)
      3.times { queue.put_nowait(Object.new) }
      assert_raises(Librunner::QueueFull) { queue.put_nowait(Object.new) }
      assert_raises(Librunner::TimeoutError) { Librunner.timeout(0) { queue.put(Object.new) } }
      assert_equal kept + 3, kept_now
      queue.get
      assert_equal kept + 2, kept_now
      queue.shutdown(immediate: true)
      turns 2
      assert_equal kept, kept_now
    end
  end

  def fill_and_forget = 100.times { Librunner::Queue.new.put_nowait(Object.new) }

  def test_the_items_of_a_forgotten_queue_are_let_go
    in_task do
      kept = kept_now
      fill_and_forget
      GC.start
      turns 3
      assert_operator kept_now - kept, :<, 100
    end
  end

  def test_waiting_items_live_though_nobody_else_has_them
    run_stressed do
      queue = Librunner::Queue.new(2)
      task = Librunner.spawn { 20.times { |i| queue.put("item #{i}") } }
      assert_equal Array.new(20) { |i| "item #{i}" }, Array.new(20) { queue.get }
      task.await
    end
  end

  def test_many_tasks_hand_items_to_many
    in_task do
      queue = Librunner::Queue.new(3)
      got = []
      group do |g|
        getters = Array.new(5) do
          g.spawn { loop { got << queue.get; Librunner.yield } rescue Librunner::QueueShutdown }
        end
        group { |h| 10.times { |i| h.spawn { 20.times { |j| queue.put(i * 20 + j) } } } }
        queue.shutdown
        getters.each(&:await)
      end
      assert_equal (0...200).to_a, got.sort
    end
  end
end
