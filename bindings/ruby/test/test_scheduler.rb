# frozen_string_literal: true

require_relative "helper"

# The Fiber::Scheduler of a run: when it is there, and the hooks that start and sleep.
class TestScheduler < LibrunnerTest
  def test_it_is_there_during_a_run_and_a_close
    assert_nil Fiber.scheduler
    runner = Librunner::Runner.new
    seen = []
    runner.run do
      seen << Fiber.scheduler
      Librunner.spawn do
        Librunner.sleep
      ensure
        seen << Fiber.current_scheduler
      end
      Librunner.yield
    end
    assert_nil Fiber.scheduler
    runner.run { seen << Fiber.scheduler }
    runner.close
    assert_nil Fiber.scheduler
    assert_equal 3, seen.compact.size
    assert_equal 1, seen.uniq(&:object_id).size, "a runner has one"
  end

  def test_it_is_taken_away_whatever_ends_the_run
    assert_raises(RuntimeError) { Librunner.run { raise "boom" } }
    assert_nil Fiber.scheduler
    assert_equal :thrown, catch(:out) { Librunner::Runner.open { |runner| runner.run { 1 }; throw :out, :thrown } }
    assert_nil Fiber.scheduler
    thread = Thread.new do
      Librunner.run { Librunner.sleep(1000) }
    ensure
      Thread.current[:left] = Fiber.scheduler
    end
    Thread.pass until thread.status == "sleep"
    thread.kill.join
    assert_nil thread[:left]
  end

  def test_the_option_turns_it_off
    Librunner.run(scheduler: false) do
      assert_nil Fiber.scheduler
      assert_equal 0, sleep(0.001)
    end
  end

  # A scheduler of somebody else, that is not used.
  class Foreign
    def block(*) = raise("unexpected")
    alias unblock block
    alias kernel_sleep block
    alias io_wait block
    alias fiber_interrupt block

    def close
    end
  end

  def test_a_thread_with_a_scheduler_of_its_own_is_refused
    Fiber.set_scheduler(Foreign.new)
    [true, false].each do |scheduler|
      runner = Librunner::Runner.new(scheduler: scheduler)
      error = assert_raises(Librunner::BusyError) { runner.run { flunk } }
      assert_includes error.message, "Fiber::Scheduler"
      Fiber.new(blocking: true) { Fiber.set_scheduler(nil) }.resume
      assert_equal 1, runner.run { 1 }
      runner.close
      Fiber.set_scheduler(Foreign.new)
    end
  ensure
    Fiber.set_scheduler(nil)
  end

  def test_it_cannot_be_replaced_in_a_run
    Librunner.run do
      before = Fiber.scheduler
      assert_raises(Librunner::BusyError) { Fiber.set_scheduler(nil) }
      assert_raises(Librunner::BusyError) { Fiber.set_scheduler(Foreign.new) }
      assert_same before, Fiber.scheduler
      assert_equal 0, sleep(0.001)
    end
  end

  def test_other_threads_have_none
    Librunner.run do
      assert_nil Thread.new { Fiber.scheduler }.value
      assert_equal 5, Thread.new { Librunner.run { Librunner.spawn { sleep 0.001; 5 }.await } }.value
    end
  end

  def test_schedule_spawns
    order = []
    Librunner.run do
      fiber = Fiber.schedule do
        order << Librunner::Task.current.class
        sleep 0.001
        order << :second
      end
      assert_kind_of Fiber, fiber
      order << :first
      sleep 0.001 until order.size == 3
    end
    assert_equal [:first, Librunner::Task, :second], order
    assert_raises(RuntimeError) { Fiber.schedule { flunk } }
    Librunner.run { Fiber.schedule(&-> { order << :lambda }); Librunner.yield }
    assert_equal :lambda, order.last
  end

  def test_what_schedule_starts_is_a_task_whose_failure_is_reported
    reported = []
    Librunner.run(exception_handler: ->(context) { reported << context.exception }) do
      Fiber.schedule { raise "boom" }
      Librunner.yield
    end
    assert_equal ["boom"], reported.map(&:message)
  end

  def test_sleep_holds_up_nobody
    virtual do
      start = Librunner.current_loop.time
      tasks = Array.new(100) { |i| Librunner.spawn { sleep(i.to_r / 100); i } }
      assert_equal (0...100).to_a, tasks.map(&:await)
      assert_in_delta 0.99, Librunner.current_loop.time - start, 1e-9
    end
  end

  def test_sleep_of_nothing_is_a_turn
    order = []
    virtual do
      3.times { |i| Librunner.spawn { 3.times { order << i; sleep(0) } } }
      3.times { sleep(0.0) }
    end
    assert_equal [0, 1, 2] * 3, order
  end

  def test_sleep_refuses_what_is_no_time
    Librunner.run do
      assert_raises(ArgumentError) { sleep(-1) }
      assert_raises(ArgumentError) { sleep(Float::NAN) }
      assert_raises(TypeError) { sleep("1") }
      assert_raises(ArgumentError) { sleep(1, 2) }
    end
  end

  def test_sleep_without_an_end_ends_by_a_cancel
    virtual do
      task = Librunner.spawn { sleep }
      timed = Librunner.spawn { sleep(1000) }
      sleep(500)
      [task, timed].each do |sleeper|
        assert sleeper.cancel("enough")
        assert_equal "enough", assert_raises(Librunner::CancelledError) { sleeper.await }.message
      end
    end
  end

  def test_a_sleeper_is_no_waiter
    # What is not to be woken is not woken: neither by the next run, nor by what another task waits for.
    runner = Librunner::Runner.new(clock: :virtual)
    slept = nil
    runner.run do
      Librunner.spawn do
        start = runner.loop.time
        sleep(5)
        slept = runner.loop.time - start
      end
      sleep(1)
    end
    runner.run { sleep(1) }
    assert_nil slept
    runner.run { sleep(10) }
    assert_in_delta 5, slept, 1e-9
    runner.close
  end

  def test_outside_of_tasks_the_hooks_refuse
    queue = Thread::Queue.new
    reported = []
    Librunner.run(exception_handler: ->(context) { reported << context.exception.class }) do
      loop = Librunner.current_loop
      loop.call_soon { Fiber.new { sleep(0.001) }.resume }
      loop.call_soon { Fiber.new { queue.pop }.resume }
      loop.call_soon { Fiber.new { Timeout.timeout(1) { nil } }.resume }
      loop.call_soon { Fiber.new(blocking: true) { sleep(0.001) }.resume }
      Librunner.sleep(0.01)
    end
    assert_equal [Librunner::NoTaskError] * 3, reported
    assert_equal 0, queue.num_waiting
  end

  def test_a_wait_in_an_inner_fiber_is_one_of_the_task
    virtual do
      inner = Fiber.new do
        sleep(1)
        Fiber.yield(:yielded)
        sleep(1)
        :ended
      end
      beside = Librunner.spawn { sleep(1.5); Librunner.current_loop.time }
      start = Librunner.current_loop.time
      assert_equal %i[yielded ended], [inner.resume, inner.resume]
      assert_in_delta 2, Librunner.current_loop.time - start, 1e-9
      assert_in_delta 1.5, beside.await - start, 1e-9
    end
  end

  def test_many_tasks_sleep_under_the_collector
    run_stressed do
      tasks = Array.new(3) { |i| Librunner.spawn { sleep(0.001); sleep(0); i } }
      assert_equal [0, 1, 2], tasks.map(&:await)
    end
  end
end
