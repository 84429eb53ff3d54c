# frozen_string_literal: true

require_relative "diary"

# The loop: callbacks and timers.
class TestLoop < LibrunnerTest
  include Diary

  def test_R190_R064_callbacks_are_called_in_order
    log = []
    Librunner::Runner.open do |runner|
      runner.loop.call_soon { log << 0 } # before the run
      runner.run do
        loop = Librunner.current_loop
        (1..3).each { |i| loop.call_soon { log << i } }
        loop.call_soon { loop.call_soon { log << 4 } }
        Librunner.sleep(0.001)
      end
    end
    assert_equal [0, 1, 2, 3, 4], log
  end

  def test_R195_a_callback_comes_before_a_task_that_yields_after_it
    in_task do
      @loop.call_soon { note "callback" }
      turns
      note "task"
      assert_diary "0 callback", "0 task"
    end
  end

  def test_R036_a_callback_of_main_at_its_end_is_called_and_a_timer_is_not
    log = []
    Librunner.run do
      Librunner.current_loop.call_soon { log << "soon" }
      Librunner.current_loop.call_later(60) { log << "later" }
    end
    assert_equal ["soon"], log
  end

  def test_R192_R193_timers_are_called_in_the_order_of_their_times
    in_task do
      @loop.call_later(0.02) { note "20a" }
      @loop.call_later(0.01) { note "10" }
      @loop.call_later(0.02) { note "20b" }
      @loop.call_at(@loop.time + 0.015) { note "at 15" }
      @loop.call_later(Rational(25, 1000)) { note "25" }
      sleep(0.03)
      assert_diary "10 10", "15 at 15", "20 20a", "20 20b", "25 25"
    end
  end

  def test_R193_a_task_wakes_a_turn_after_the_callbacks_of_its_time
    in_task do
      [0.067, 0.1, 0.3, 1].each do |time|
        @lines = []
        begun = now
        at = @loop.time + time
        @loop.call_later(time) { note "later" }
        sleeper = spawn do
          sleep(time)
          note "task"
        end
        turns
        @loop.call_at(at) { note "at" }
        sleeper.await
        turns(2)
        due = begun + (time * 1000).round
        assert_diary "#{due} later", "#{due} at", "#{due} task"
      end
    end
  end

  def test_R192_a_time_that_has_passed_is_due_and_keeps_its_order
    log = []
    Librunner.run do
      [-100, -200, 0, -300, -250].each { |delay| Librunner.current_loop.call_later(delay) { log << delay } }
      Librunner.sleep(0.002)
    end
    assert_equal [-300, -250, -200, -100, 0], log
  end

  def test_R196_a_timer_that_is_taken_back_is_not_called
    in_task do
      before = in_use
      1000.times do
        timer = @loop.call_later(3600) { flunk }
        refute_predicate timer, :cancelled?
        assert timer.cancel
        assert_predicate timer, :cancelled?
        refute timer.cancel
      end
      turns(2)
      assert_equal before, in_use
      inside = nil
      timer = @loop.call_later(0) { inside = timer.cancel }
      assert_match(/pending/, timer.inspect)
      sleep(0.001)
      assert_equal false, inside
      refute timer.cancel
      refute_predicate timer, :cancelled?
      assert_match(/over/, timer.inspect)
      assert_equal before, in_use
    end
  end

  def test_R197_a_timer_may_be_far_away
    year = 365 * 24 * 3600
    in_task do
      called = []
      @loop.call_later(200 * year) { called << 200 }
      @loop.call_later(Float::INFINITY) { flunk }
      @loop.call_at(1e300) { flunk }
      sleep(201 * year)
      assert_equal [200], called
    end
  end

  def test_R191_callbacks_without_an_end_do_not_keep_timers_away
    Librunner.run do
      loop = Librunner.current_loop
      stop = false
      again = proc { loop.call_soon(again) unless stop }
      again.call
      Librunner.sleep(0.001)
      stop = true
    end
  end

  def test_R098_what_is_scheduled_at_the_close_is_dropped
    Librunner::Runner.open do |runner|
      timers = []
      runner.run { timers << runner.loop.call_later(3600) { flunk } }
      timers << runner.loop.call_later(3600) { flunk }
      @engine = runner.instance_variable_get(:@engine)
      runner.close
      timers.each { |timer| refute timer.cancel }
    end
    assert_equal 0, @engine.kept
    assert_equal 0, Librunner.const_get(:Core).runner_host_count(@engine.core)
  end

  def test_R074_the_loop_is_the_same_at_all_times
    Librunner::Runner.open do |runner|
      loop = runner.loop
      assert_same loop, runner.loop
      runner.run { assert_same loop, Librunner.current_loop }
      runner.run { Librunner.current_loop.call_soon { assert_same loop, Librunner.current_loop } }
      assert_same loop, runner.loop
      other = Thread.new { Librunner.run { Librunner.current_loop } }.value
      refute_same loop, other
    end
  end

  def test_R008_a_closed_runner_has_no_loop
    runner = Librunner::Runner.new
    loop = runner.loop
    runner.close
    assert_predicate runner, :closed?
    assert_raises(Librunner::ClosedError) { runner.loop }
    assert_raises(Librunner::ClosedError) { loop.call_soon { flunk } }
    assert_raises(Librunner::ClosedError) { loop.call_later(0) { flunk } }
    assert_raises(Librunner::ClosedError) { loop.call_at(0) { flunk } }
    assert_raises(Librunner::ClosedError) { loop.call_soon_threadsafe { flunk } }
    assert_raises(Librunner::ClosedError) { loop.create_future }
    assert_raises(Librunner::ClosedError) { loop.hold }
    assert_raises(Librunner::Error) { loop.stop }
    assert_kind_of Float, loop.time
    assert_match(/closed/, loop.inspect)
  end

  def test_R050_outside_of_runs_there_is_no_current_loop_or_task
    assert_raises(Librunner::NoTaskError) { Librunner.current_loop }
    assert_nil Librunner.current_task
    assert_raises(Librunner::NoTaskError) { Librunner.all_tasks }
    Librunner.run do |task|
      assert_same task, Librunner.current_task
      other = Librunner.spawn { Librunner.yield }
      assert_equal [task, other], Librunner.all_tasks
      Librunner.current_loop.call_soon do
        assert_nil Librunner.current_task
        assert_equal [task, other], Librunner.all_tasks
      end
      Thread.new { assert_nil Librunner.current_task }.join
      Librunner.yield
    end
    assert_nil Librunner.current_task
  end

  def test_R033_stop_ends_the_run_and_main_stays_where_it_is
    log = []
    Librunner::Runner.open do |runner|
      error = assert_raises(Librunner::Error) do
        runner.run do
          Librunner.current_loop.stop
          begin
            Librunner.sleep(0)
            log << "went on"
            Librunner.sleep
          rescue Librunner::CancelledError
            log << "cancelled"
          end
        end
      end
      assert_equal "RUNNER_ESTOPPED", error.code_name
      assert_equal 1, runner.run { 1 }
      assert_equal ["went on"], log
    end
    assert_equal ["went on", "cancelled"], log
  end

  def test_stop_needs_a_run
    Librunner::Runner.open { |runner| assert_raises(Librunner::Error) { runner.loop.stop } }
  end

  def test_R072_callbacks_are_refused_without_a_block
    Librunner::Runner.open do |runner|
      loop = runner.loop
      [nil, 1, :symbol, "text"].each do |callable|
        assert_raises(ArgumentError) { loop.call_soon(callable) }
        assert_raises(ArgumentError) { loop.call_soon_threadsafe(callable) }
        assert_raises(ArgumentError) { loop.call_later(0, callable) }
        assert_raises(ArgumentError) { loop.call_at(0, callable) }
      end
    end
  end

  def test_anything_that_can_be_called_is_a_callback
    in_task do
      log = []
      callable = Struct.new(:log) { def call = log << "object" }
      @loop.call_soon(callable.new(log))
      @loop.call_later(0, log.method(:clear))
      @loop.call_soon(-> { log << "lambda" })
      sleep(0)
      assert_equal %w[object lambda], log
      sleep(0.001)
      assert_empty log
    end
  end

  def test_times_are_checked
    in_task do
      [nil, "1", Float::NAN, Complex(1, 1)].each do |time|
        assert_raises(ArgumentError) { @loop.call_later(time) { flunk } }
        assert_raises(ArgumentError) { @loop.call_at(time) { flunk } }
      end
      assert_equal 0, Librunner.const_get(:Driver).current.kept
    end
  end

  def test_R071_another_thread_is_refused
    in_task(scheduler: false) do # the virtual clock stands still in the join
      Thread.new do
        [
          -> { @loop.call_soon { flunk } }, -> { @loop.call_later(0) { flunk } },
          -> { @loop.call_at(0) { flunk } }, -> { @loop.stop }, -> { @loop.time }
        ].each { |use| assert_raises(Librunner::WrongThreadError, &use) }
      end.join
      timer = @loop.call_later(1) { note "called" }
      Thread.new { assert_raises(Librunner::WrongThreadError) { timer.cancel } }.join
      sleep(2)
      assert_diary "1000 called"
    end
  end

  def test_the_virtual_clock_stands_still_while_anything_is_ready
    in_task do
      begun = @loop.time
      turns(100)
      assert_equal begun, @loop.time
      sleep(24 * 3600)
      assert_equal begun + 24 * 3600, @loop.time
    end
  end

  def test_the_real_clock_goes_on
    Librunner::Runner.open do |runner|
      before = runner.loop.time # there is one before the run
      runner.run { Librunner.sleep(0.005) }
      assert_operator runner.loop.time, :>=, before + 0.005
    end
  end

  def test_debug_is_told
    [true, false].each do |debug|
      Librunner::Runner.open(debug: debug) { |runner| assert_equal debug, runner.loop.debug? }
    end
  end

  def test_a_callback_may_do_what_a_task_may_that_does_not_wait
    in_task do
      future = @loop.create_future
      @loop.call_soon do
        spawn { note "task" }
        other = @loop.create_future
        other.resolve(1)
        @loop.call_later(0.01) { future.resolve(other.result) }
        Librunner.sleep(0)
      rescue Librunner::NoTaskError
        note "refused"
      end
      assert_equal 1, future.await
      assert_diary "0 refused", "0 task"
    end
  end

  def test_callbacks_live_through_the_collector
    run_stressed do
      loop = Librunner.current_loop
      got = []
      5.times { |i| loop.call_later(0) { got << "timer #{i}" } }
      5.times { |i| loop.call_soon { got << "soon #{i}" } }
      Librunner.sleep(0.001)
      assert_equal 10, got.uniq.size
    end
  end
end
