# frozen_string_literal: true

require_relative "helper"

# What becomes of asynchronous generators that were left, when their runner is closed.
class TestGeneratorShutdown < LibrunnerTest
  def setup
    @log = []
    @seen = []
  end

  # It waits while it is closed.
  def waiting(name, time = 1)
    Librunner::Generator.new do |y|
      y << name
      flunk
    ensure
      @log << "#{name} begins"
      Librunner.sleep(time)
      @log << "#{name} ends"
    end
  end

  def test_R080_R094_those_that_were_begun_are_closed_together_in_the_order_of_their_begin
    virtual do
      first, second, never = waiting("first", 2), waiting("second"), waiting("never")
      [second, first].each(&:next)
      never.inspect
      waiting("exhausted").then { |generator| generator.next && generator.close }
      @log.clear
      Librunner.spawn do
        Librunner.sleep
      ensure
        @log << "task over"
      end
      Librunner.yield
    end
    assert_equal ["task over", "second begins", "first begins", "second ends", "first ends"], @log
  end

  def test_R095_a_cleanup_may_spawn_and_register
    virtual do
      generator = Librunner::Generator.new do |y|
        y << 1
      ensure
        @log << Librunner.spawn { Librunner.sleep(1) || :task }.await
        Librunner.register { @log << :closable }
        waiting("late").next
      end
      generator.next
    end
    assert_equal [:task, :closable, "late begins", "late ends"], @log
  end

  def test_R094_an_error_of_a_cleanup_is_reported
    error = RuntimeError.new("mine")
    virtual(exception_handler: @seen.method(:<<)) do
      generator = Librunner::Generator.new do |y|
        y << 1
      ensure
        raise error
      end
      generator.next
      waiting("other").next
    end
    assert_equal ["other begins", "other ends"], @log
    assert_equal 1, @seen.size
    assert_same error, @seen[0].exception
    assert_equal "generator", @seen[0].name
  end

  def test_R094_one_that_ignores_its_close_is_reported_and_given_up
    generator = nil
    virtual(exception_handler: @seen.method(:<<)) do
      generator = Librunner::Generator.new do |y|
        y << 1
      ensure
        5.times { |i| y << i }
        @log << "the block goes on"
      end
      generator.next
    end
    assert_equal ["RUNNER_EIGNORED"], @seen.map { |e| e.exception.code_name }
    assert_predicate generator, :over?
    assert_empty @log
  end

  def test_R085_one_whose_cleanup_never_ends_is_given_up
    runner = Librunner::Runner.new(clock: :virtual, closable_grace: 0.01)
    generator = waiting("stubborn", 1e6)
    runner.run { generator.next }
    assert_raises(Librunner::TimeoutError) { runner.close }
    assert_equal ["stubborn begins"], @log
    assert_equal 0, runner.instance_variable_get(:@engine).kept
  end

  def test_R085_one_is_given_up_with_the_task_that_waits_in_it
    runner = Librunner::Runner.new(clock: :virtual, cancel_grace: 0.01,
      exception_handler: @seen.method(:<<))
    generator = Librunner::Generator.new do
      Librunner.sleep(1000)
    rescue Librunner::CancelledError
      retry
    end
    task = runner.run do
      Librunner.spawn { generator.next }.tap { Librunner.yield }
    end
    assert_raises(Librunner::TimeoutError) { runner.close }
    assert_raises(Librunner::AbandonedError) { task.result }
    assert_empty @seen
    assert_equal 0, runner.instance_variable_get(:@engine).kept
  end

  def test_R096_one_whose_block_runs_when_it_is_to_be_closed_is_closed_later
    virtual(exception_handler: @seen.method(:<<)) do
      generator = Librunner::Generator.new do |y|
        y << 1
        Librunner.sleep(5)
        y << 2
      ensure
        Librunner.sleep(1)
        @log << "over"
      end
      Librunner.register { @log << generator.next }
      generator.next
    end
    assert_equal [2, "over"], @log
    assert_includes @seen.map { |e| e.exception.class }, Librunner::BusyError
  end

  def test_R096_R097_one_that_a_closable_has_begun_is_closed_later
    virtual(exception_handler: @seen.method(:<<)) do
      generator = Librunner::Generator.new do |y|
        begin
          Librunner.sleep(5)
        rescue Librunner::CancelledError
          @log << "cancelled"
        end
        y << 2
      ensure
        @log << "over"
      end
      Librunner.register do
        Librunner.spawn { @log << generator.next }
        Librunner.yield
      end
    end
    assert_equal ["cancelled", 2, "over"], @log
  end

  def test_one_that_was_begun_in_the_shutdown_is_closed
    virtual(exception_handler: @seen.method(:<<)) do
      Librunner.spawn do
        Librunner.sleep
      ensure
        waiting("late").next
      end
      Librunner.yield
    end
    assert_equal ["late begins", "late ends"], @log
    assert_empty @seen
  end

  def test_its_close_is_cancelled_with_the_task_that_closes_it
    virtual do
      generator = waiting("slow", 1000)
      generator.next
      task = Librunner.spawn { generator.close }
      Librunner.yield
      task.cancel
      assert_raises(Librunner::CancelledError) { task.await }
      assert_predicate generator, :over?
    end
    assert_equal ["slow begins"], @log
  end

  def test_nothing_is_kept_of_those_that_are_over
    runner = Librunner::Runner.new(clock: :virtual)
    engine = runner.instance_variable_get(:@engine)
    runner.run do
      20.times do
        Librunner::Generator.new { |y| y << 1 }.to_a
        Librunner::Generator.new { |y| y << 1 << 2 }.first
      end
      Librunner.sleep(1)
      assert_equal 0, engine.kept
      5.times { Librunner::Generator.new { |y| y << 1 << 2 }.next }
    end
    assert_equal 5, engine.kept
    runner.close
    assert_equal 0, engine.kept
    assert_equal 0, engine.class::C.runner_host_count(engine.core)
  end
end
