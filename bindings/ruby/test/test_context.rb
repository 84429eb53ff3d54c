# frozen_string_literal: true

require_relative "diary"

# Context variables.
class TestContext < LibrunnerTest
  include Diary

  VAR = Librunner::ContextVar.new("test")

  def test_R060_a_task_gets_a_copy_of_the_variables_of_its_starter
    in_task do
      assert_nil VAR.get
      refute_predicate VAR, :value?
      VAR.set(1)
      task = spawn do
        assert_equal 1, VAR.get
        VAR.set(2)
        sleep(0.01)
        VAR.get
      end
      VAR.set(3)
      assert_equal 2, task.await
      assert_equal 3, VAR.get
      assert_predicate VAR, :value?
    end
  end

  def test_R060_the_copy_is_of_the_time_of_the_spawn
    in_task do
      VAR.set(1)
      task = spawn { VAR.get }
      VAR.set(2)
      assert_equal 1, task.await
    end
  end

  def test_R061_tasks_may_share_a_context
    in_task do
      VAR.set(1)
      context = Librunner::Context.copy
      3.times do |i|
        spawn(context: context) do
          assert_equal i + 1, VAR.get
          VAR.set(i + 2)
        end.await
      end
      group do |g|
        g.spawn(context: context) { assert_equal 4, VAR.get }
      end
      assert_equal 1, VAR.get
    end
  end

  def test_R061_an_empty_context
    in_task do
      VAR.set(1)
      assert_nil spawn(context: Librunner::Context.new) { VAR.get }.await
    end
  end

  def test_R054_R055_R058_R059_runs_share_the_runners_variables_or_have_their_own
    Librunner::Runner.open do |runner|
      own = Librunner::Context.new
      set = proc do |before, after, **options|
        runner.run(**options) do
          before ? assert_equal(before, VAR.get) : refute_predicate(VAR, :value?)
          VAR.set(after)
        end
      end
      set.call(nil, 1)
      set.call(1, 2)
      set.call(nil, 10, context: own)
      set.call(10, 11, context: own)
      set.call(2, 3)
      set.call(3, 4, context: nil)
    end
  end

  def test_R056_nothing_is_set_outside_of_runs
    Librunner.run { VAR.set(1) }
    assert_nil VAR.get
    refute_predicate VAR, :value?
    Librunner.run { refute_predicate VAR, :value? }
  end

  def test_R063_the_close_lets_go_of_values
    Librunner::Runner.open do |runner|
      runner.run { 100.times { |i| VAR.set("value #{i}") } }
      @engine = runner.instance_variable_get(:@engine)
    end
    assert_equal 0, @engine.kept
  end

  def test_a_value_that_was_set_anew_is_let_go
    in_task do
      VAR.set(1)
      turns(2)
      engine = Librunner.const_get(:Driver).current
      before = engine.kept
      100.times { |i| VAR.set(i) }
      turns(2)
      assert_equal before, engine.kept
    end
  end

  def test_R064_callbacks_have_the_context_that_they_were_scheduled_in
    in_task do
      seen = []
      VAR.set("soon")
      @loop.call_soon do
        seen << VAR.get
        VAR.set("changed")
        @loop.call_soon { seen << VAR.get }
      end
      VAR.set("later")
      @loop.call_later(0.01) { seen << VAR.get }
      VAR.set("at")
      @loop.call_at(@loop.time + 0.02) { seen << VAR.get }
      VAR.set("main")
      sleep(0.03)
      assert_equal %w[soon changed later at], seen
      assert_equal "main", VAR.get
    end
  end

  def test_R064_a_task_of_a_callback_has_its_context
    in_task do
      VAR.set("callback")
      got = @loop.create_future
      @loop.call_soon { spawn { got.resolve(VAR.get) } }
      VAR.set("main")
      assert_equal "callback", got.await
    end
  end

  def test_a_default
    var = Librunner::ContextVar.new("with default", "default")
    assert_equal "default", var.get
    in_task do
      assert_equal "default", var.get
      refute_predicate var, :value?
      var.set(nil)
      assert_nil var.get
      assert_predicate var, :value?
    end
  end

  def test_a_variable_holds_anything
    in_task do
      [nil, false, Object.new, BasicObject.new, RuntimeError.new].each do |value|
        assert VAR.set(value).equal?(value)
        turns # and lets go of the one before
        assert value.equal?(VAR.get)
      end
    end
  end

  def test_variables_of_different_runners_are_different
    in_task do
      VAR.set(1)
      context = Librunner::Context.copy
      Thread.new do
        Librunner.run do
          refute_predicate VAR, :value?
          assert_raises(Librunner::ForeignError) { spawn(context: context) { 1 } }
        end
      end.join
      assert_equal 1, VAR.get
    end
  end

  def test_a_context_of_another_runner_is_refused_by_a_run
    context = Librunner::Context.new
    Librunner::Runner.open { |runner| runner.run(context: context) { VAR.set(1) } }
    Librunner::Runner.open do |runner|
      assert_raises(Librunner::ForeignError) { runner.run(context: context) { flunk } }
      assert_equal 1, runner.run { 1 }
    end
  end

  def test_variables_need_something_that_runs
    assert_raises(Librunner::NoTaskError) { VAR.set(1) }
    assert_raises(Librunner::NoTaskError) { Librunner::Context.copy }
    in_task do
      VAR.set(1)
      Thread.new do
        assert_raises(Librunner::NoTaskError) { VAR.set(2) }
        refute_predicate VAR, :value?
      end.join
    end
  end

  def test_a_variable_has_a_name
    assert_equal "test", VAR.name
    assert_equal "#<Librunner::ContextVar test>", VAR.inspect
    assert_equal "symbol", Librunner::ContextVar.new(:symbol).name
  end

  def test_many_contexts_are_released
    in_task do
      VAR.set(1)
      before = in_use
      Fiber.new(blocking: true) { 1000.times { Librunner::Context.copy } }.resume
      20.times do
        GC.start
        turns(2)
        break if in_use < before + 100
      end
      assert_operator in_use, :<, before + 100 # the collector may take some for used
    end
  end

  def test_variables_live_through_the_collector
    run_stressed do
      VAR.set("a" * 50)
      assert_equal "a" * 50, Librunner.spawn { VAR.get }.await
    end
  end
end
