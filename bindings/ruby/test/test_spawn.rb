# frozen_string_literal: true

require_relative "helper"

# How tasks begin, and in which order they go on.
class TestSpawn < LibrunnerTest
  def test_tasks_begin_a_turn_later_in_the_order_of_their_start
    virtual do
      log = []
      tasks = 1000.times.map { |i| Librunner.spawn { log << i } } # more than a batch has room for
      assert_empty log
      Librunner.yield
      assert_equal 1000.times.to_a, log
      assert tasks.all?(&:done?)
    end
  end

  def test_R190_R195_yielding_tasks_take_turns
    virtual do
      log = []
      tasks = %w[a b].map do |name|
        Librunner.spawn do
          3.times do
            log << name
            Librunner.sleep(0)
          end
        end
      end
      tasks.each(&:await)
      assert_equal %w[a b a b a b], log
    end
  end

  def test_R193_equal_sleeps_end_in_the_order_of_their_start
    virtual do
      log = []
      600.times { |i| Librunner.spawn { Librunner.sleep(5) || log << i } }
      Librunner.sleep(10)
      assert_equal 600.times.to_a, log
    end
  end

  def test_R194_a_sleep_is_never_too_short
    Librunner.run do
      clock = -> { Process.clock_gettime(Process::CLOCK_MONOTONIC) }
      began = clock.call
      nil while clock.call < began + 0.02 # the clock of the loop is late now
      [0.000001, 0.001, 0.0033, 1/500r].each do |time|
        began = clock.call
        Librunner.sleep(time)
        assert_operator clock.call - began, :>=, time
      end
    end
  end

  def test_sleep_takes_numbers_that_are_times
    virtual do |main|
      [0, 0.0, -0.0, 1, 1.5, 3/2r, 2**40].each { |time| assert_nil Librunner.sleep(time) }
      [-1, -0.001, "1", :x, Float::NAN, Complex(1, 1), Object.new].each do |time|
        assert_raises(ArgumentError, TypeError, RangeError, time.inspect) { Librunner.sleep(time) }
      end
      assert_equal 0, main.cancelling
      Librunner.spawn { main.cancel }
      assert_raises(Librunner::CancelledError) { Librunner.sleep(Float::INFINITY) }
    end
  end

  def test_a_child_is_given_its_task_and_its_name
    virtual do
      task = Librunner.spawn(name: "child") { |given| [given, Librunner::Task.current] }
      assert_equal [task, task], task.await
      assert_equal "child", task.name
      assert_equal 3, Librunner.spawn { |given| given.number }.await
    end
  end

  def test_a_task_needs_a_run_and_a_block
    assert_raises(Librunner::NoTaskError) { Librunner.spawn { flunk } }
    assert_raises(Librunner::NoTaskError) { Librunner.sleep(0) }
    assert_raises(Librunner::NoTaskError) { Librunner.yield }
    virtual do
      assert_raises(ArgumentError) { Librunner.spawn }
      assert_raises(ArgumentError) { Librunner.spawn(1) { flunk } }
      assert_raises(ArgumentError) { Librunner.spawn(unknown: 1) { flunk } }
      assert_raises(NoMethodError, TypeError) { Librunner.spawn(context: 5) { flunk } }
    end
  end

  def test_callbacks_spawn_and_do_not_wait
    seen = []
    Librunner::Runner.open(clock: :virtual) do |runner|
      runner.run do
        task = nil
        runner.loop.call_soon do
          task = Librunner.spawn { 7 }
          seen << assert_raises(Librunner::NoTaskError) { Librunner.sleep(0) }.class
          seen << assert_raises(Librunner::NoTaskError) { Librunner.yield }.class
          seen << assert_raises(Librunner::NoTaskError) { task.await }.class
          seen << Librunner::Task.current
        end
        Librunner.yield
        assert_equal 7, task.await
      end
    end
    assert_equal [Librunner::NoTaskError] * 3 + [nil], seen
  end

  def test_leaving_a_child_by_force_is_its_error
    virtual do
      assert_raises(LocalJumpError) { broken_child.await }
      assert_raises(LocalJumpError) { returned_child.await }
      assert_raises(UncaughtThrowError) { catch(:out) { Librunner.spawn { throw :out }.await } }
      assert_equal 2, Librunner.spawn { next 2 }.await
    end
  end

  def broken_child
    Librunner.spawn { break 1 }
  end

  def returned_child
    Librunner.spawn { return 1 }
  end

  def test_a_break_out_of_a_loop_around_a_wait_is_fine
    virtual do
      value = [1, 2, 3].each do |i|
        Librunner.yield
        break i if i == 2
      end
      assert_equal 2, value
    end
  end

  def test_a_batch_is_read_event_by_event
    # One that stands behind another in the same turn may be cancelled by it.
    virtual do
      victim = nil
      Librunner.spawn do
        Librunner.yield
        victim.cancel("late")
      end
      victim = Librunner.spawn { Librunner.yield }
      assert_equal "late", assert_raises(Librunner::CancelledError) { victim.await }.message
    end
  end

  def test_waits_in_fibers_of_the_program
    virtual do
      log = []
      other = Librunner.spawn { 3.times { Librunner.sleep(1) || log << "other" } }
      fiber = Fiber.new do |x|
        Librunner.sleep(1.5)
        log << x
        y = Fiber.yield(:first)
        Librunner.sleep(1)
        log << y
        :second
      end
      assert_equal :first, fiber.resume("x")
      assert_equal :second, fiber.resume("y")
      refute_predicate fiber, :alive?
      other.await
      assert_equal %w[other x other y other], log
    end
  end

  def test_many_tasks_sleep_at_once
    virtual do
      woken = 0
      tasks = 2000.times.map { Librunner.spawn { Librunner.sleep(1) || woken += 1 } }
      tasks.each(&:await)
      assert_equal 2000, woken
    end
  end

  def test_stress_of_spawns_under_a_busy_collector
    run_stressed do
      assert_equal 20, 20.times.map { |i| Librunner.spawn { Librunner.yield || i.to_s } }.map(&:await).uniq.size
    end
  end
end
