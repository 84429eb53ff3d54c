# frozen_string_literal: true

require_relative "helper"

# What is closed when its runner is.
class TestClosable < LibrunnerTest
  def setup
    @log = []
    @seen = []
  end

  def test_R080_R094_closables_are_closed_together_after_the_tasks_have_ended
    virtual do
      %w[first second].each do |name|
        Librunner.register(name) do
          @log << "#{name} begins"
          Librunner.sleep(1)
          @log << "#{name} is closed"
        end
      end
      Librunner.spawn do
        Librunner.sleep
      ensure
        Librunner.sleep(1)
        @log << "task over"
      end
      Librunner.yield
    end
    assert_equal ["task over", "first begins", "second begins", "first is closed", "second is closed"], @log
  end

  def test_R094_an_error_of_a_closable_is_reported_and_disturbs_no_other
    error = RuntimeError.new("broken")
    value = virtual(exception_handler: @seen.method(:<<)) do
      Librunner.register("bad") { raise error }
      Librunner.register { @log << "closed" }
      7
    end
    assert_equal 7, value
    assert_equal ["closed"], @log
    assert_equal 1, @seen.size
    assert_same error, @seen[0].exception
    assert_equal "bad", @seen[0].name
  end

  def test_R095_a_closable_may_wait_spawn_and_use_threads
    Librunner.run do
      Librunner.register do
        @log << Librunner.in_thread { :thread }
        @log << Librunner.spawn { Librunner.sleep(0.001); :task }.await
        Librunner.register { @log << :late }
      end
    end
    assert_equal %i[thread task late], @log
  end

  def test_R097_tasks_that_a_closable_leaves_are_cancelled
    virtual do
      Librunner.register do
        Librunner.spawn do
          Librunner.sleep
        ensure
          @log << "left"
        end
        Librunner.yield
      end
    end
    assert_equal ["left"], @log
  end

  def test_R096_what_is_registered_too_late_is_reported_at_once_and_closed
    virtual(exception_handler: ->(e) { @log << "reported #{e.message[/registered after/]}" }) do
      Librunner.register do
        Librunner.spawn do
          Librunner.sleep
        ensure
          Librunner.register("late") { @log << "closed" }
          @log << "registered"
        end
        Librunner.yield
      end
    end
    assert_equal ["reported registered after", "registered", "closed"], @log
  end

  def test_what_is_unregistered_is_not_closed
    left = nil
    virtual do
      closable = Librunner.register { flunk }
      assert_equal true, closable.unregister
      assert_equal false, closable.unregister
      Librunner.yield
      assert_equal false, closable.unregister
      left = Librunner.register("left") { @log << left.unregister }
      assert_equal "left", left.name
      assert_equal "#<Librunner::Closable left>", left.inspect
    end
    assert_equal [false], @log
    assert_equal false, left.unregister
  end

  def test_a_closable_is_taken_back_in_a_callback_and_between_runs
    Librunner::Runner.open(clock: :virtual) do |runner|
      first, second = runner.run { [Librunner.register { flunk }, Librunner.register { flunk }] }
      assert_equal true, first.unregister
      runner.run do
        runner.loop.call_soon { @log << second.unregister }
        Librunner.yield
      end
    end
    assert_equal [true], @log
  end

  def test_a_closable_needs_a_run_and_a_block
    assert_raises(Librunner::NoTaskError) { Librunner.register { flunk } }
    virtual do
      assert_raises(ArgumentError) { Librunner.register("name") }
    end
  end

  def test_R090_a_base_error_of_a_closable_comes_out_of_the_close_after_all_was_closed
    runner = Librunner::Runner.new(clock: :virtual)
    runner.run do
      Librunner.register { exit(3) }
      Librunner.register do
        Librunner.sleep(1)
        @log << "closed"
      end
    end
    status = assert_raises(SystemExit) { runner.close }.status
    assert_equal 3, status
    assert_equal ["closed"], @log
    assert_predicate runner, :closed?
  end

  def test_R085_a_closable_that_never_ends_is_given_up
    runner = Librunner::Runner.new(clock: :virtual, closable_grace: 0.01)
    runner.run do
      Librunner.register("stubborn") do
        loop { Librunner.sleep(1000) }
      end
    end
    assert_raises(Librunner::TimeoutError) { runner.close }
    assert_predicate runner, :closed?
  end

  def test_nothing_is_kept_of_closables
    runner = Librunner::Runner.new(clock: :virtual)
    engine = runner.instance_variable_get(:@engine)
    runner.run do
      10.times { Librunner.register { nil } }
      10.times { Librunner.register { nil }.unregister }
    end
    runner.close
    assert_equal 0, engine.kept
    assert_equal 0, engine.class::C.runner_host_count(engine.core)
  end
end
