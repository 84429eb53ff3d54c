# frozen_string_literal: true

require_relative "helper"

# What makes no sense has a documented error, and never hangs or crashes.
class TestBadInput < LibrunnerTest
  def test_R015_R018_what_cannot_be_run_is_refused_without_an_effect
    runner = Librunner::Runner.new
    assert_raises(ArgumentError) { runner.run }
    assert_raises(ArgumentError) { Librunner.run }
    assert_raises(ArgumentError) { Librunner::Runner.open }
    assert_raises(ArgumentError) { runner.run(1) { flunk } }
    assert_raises(ArgumentError) { runner.run(unknown: 1) { flunk } }
    assert_raises(TypeError) { runner.run(&5) }
    assert_raises(NoMethodError, TypeError) { runner.run(context: 5) { flunk } }
    assert_raises(ArgumentError) { Librunner::Runner.new(5) }
    assert_equal 1, runner.run { 1 }
    runner.close
  end

  def test_what_is_made_by_the_library_alone_cannot_be_made
    [Librunner::Task, Librunner::Loop, Librunner::Closable].each do |kind|
      assert_raises(ArgumentError, NoMethodError) { kind.new }
      made = kind.allocate
      refute_nil made.inspect
    rescue NoMethodError, TypeError
      nil
    end
  end

  def test_private_parts_are_private
    assert_empty Librunner.constants & %i[Core Driver Handle Engine Scheduler Options]
  end

  def test_tasks_cannot_be_copied
    virtual do |main|
      assert_raises(TypeError) { main.dup }
      assert_raises(TypeError) { main.clone }
    end
  end

  def test_what_is_frozen_still_works
    runner = Librunner::Runner.new.freeze
    assert_equal 1, runner.run { 1 }
    runner.close
  end

  def test_marshal_is_refused
    virtual { |task| assert_raises(TypeError) { Marshal.dump(task) } }
    assert_raises(TypeError) { Marshal.dump(Librunner::Runner.new) }
  end

  # ---- fibers ---------------------------------------------------------------------------------------

  # It is the last line that a program writes, in a child, as a mistake here may hang it.
  def outcome(program)
    out, errors, status = child("begin\n#{program}\nrescue Exception => e\n  puts e.class\nend\n")
    assert_predicate status, :exited?, errors
    refute_includes errors, "[BUG]"
    out.lines(chomp: true).last
  end

  def test_Fiber_raise_on_a_task_that_waits_is_an_error
    assert_equal "FiberError", outcome(<<~'RUBY')
      fiber = nil
      Librunner.run do
        Librunner.spawn { fiber = Fiber.current; Librunner.sleep 60 }
        Librunner.yield
        fiber.raise(KeyError)
      end
    RUBY
  end

  def test_Fiber_resume_of_a_task_that_waits_is_an_error
    assert_equal "FiberError", outcome(<<~'RUBY')
      fiber = nil
      Librunner.run do
        Librunner.spawn { fiber = Fiber.current; Librunner.sleep 60 }
        Librunner.yield
        fiber.resume
      end
    RUBY
  end

  def test_Fiber_transfer_to_a_task_that_waits_is_an_error
    assert_equal "FiberError", outcome(<<~'RUBY')
      fiber = nil
      Librunner.run do
        Librunner.spawn { fiber = Fiber.current; Librunner.sleep 60 }
        Librunner.yield
        fiber.transfer
      end
    RUBY
  end

  def test_a_transfer_out_of_a_task_is_an_error
    assert_equal "FiberError", outcome(<<~'RUBY')
      outside = Fiber.current
      Librunner.run { outside.transfer }
    RUBY
  end

  def test_a_transfer_to_the_loop_is_an_error
    assert_equal "FiberError", outcome(<<~'RUBY')
      loop_fiber = nil
      Librunner.run do
        Librunner.current_loop.call_soon { loop_fiber = Fiber.current }
        Librunner.yield
        loop_fiber.transfer
      end
    RUBY
  end

  def test_Fiber_yield_in_a_task_is_an_error
    assert_equal "FiberError", outcome("Librunner.run { Fiber.yield }")
    assert_equal "FiberError", outcome("Librunner.run { Librunner.spawn { Fiber.yield }.await }")
  end

  def test_a_fiber_that_is_left_in_a_wait
    # The fiber of the program waits as a part of the task; nobody else may resume it meanwhile.
    assert_equal "FiberError", outcome(<<~'RUBY')
      Librunner.run do
        fiber = Fiber.new { Librunner.sleep 0.01; 1 }
        task = Librunner.spawn { fiber.resume }
        Librunner.yield
        fiber.resume
      end
    RUBY
  end

  def test_a_fiber_that_is_transferred_to_inside_of_a_task
    assert_equal "[1, 2]", outcome(<<~'RUBY')
      Librunner.run do
        here = Fiber.current
        fiber = Fiber.new do |x|
          Librunner.sleep 0.001
          y = here.transfer(x)
          Librunner.sleep 0.001
          here.transfer(y)
        end
        p [fiber.transfer(1), fiber.transfer(2)]
      end
    RUBY
  end

  # ---- other threads --------------------------------------------------------------------------------

  def test_R071_another_thread_has_no_run
    Librunner.run do |main|
      uses = [-> { Librunner.spawn { flunk } }, -> { Librunner.sleep(0) }, -> { Librunner.yield },
        -> { Librunner.current_loop }, -> { Librunner.register { flunk } }, -> { Librunner.all_tasks },
        -> { Librunner.timeout(1) { flunk } }, -> { Librunner::TaskGroup.open { flunk } }]
      errors = Thread.new do
        uses.map do |use|
          use.call
          :nothing
        rescue Librunner::Error => e
          e.class
        end
      end.value
      assert_equal [Librunner::NoTaskError] * uses.size, errors
      assert_equal 0, main.cancelling
    end
  end

  def test_R071_another_thread_may_not_use_what_belongs_to_a_run
    Librunner.run do
      loop = Librunner.current_loop
      future, closable = loop.create_future, Librunner.register { nil }
      uses = [-> { loop.call_soon { flunk } }, -> { loop.call_later(0) { flunk } }, -> { loop.stop },
        -> { loop.create_future }, -> { loop.time }, -> { future.resolve(1) }, -> { future.cancel },
        -> { closable.unregister }]
      errors = Thread.new do
        uses.map do |use|
          use.call
          :nothing
        rescue Librunner::Error => e
          e.class
        end
      end.value
      assert_equal [Librunner::WrongThreadError] * uses.size, errors
      refute_predicate future, :done?
    end
  end

  def test_a_ractor_is_refused
    out, errors, status = child(<<~'RUBY')
      Warning[:experimental] = false
      ractor = Ractor.new do
        Librunner.run { 1 }
      rescue Exception => e
        e.class.name
      end
      puts ractor.respond_to?(:value) ? ractor.value : ractor.take
    RUBY
    assert_predicate status, :exited?, errors
    assert_match(/Ractor::(UnsafeError|IsolationError)/, out)
  end

  # ---- native parts ---------------------------------------------------------------------------------

  def test_the_native_driver_refuses_what_makes_no_sense
    engine = Librunner::Runner.new.tap { |runner| runner.run { nil } }.instance_variable_get(:@engine)
    driver = engine.class.superclass
    assert_raises(Librunner::ClosedError) { driver.new.command(1) }
    assert_raises(TypeError) { engine.command(nil) }
    assert_raises(TypeError) { engine.command(1, "x") }
    assert_raises(RangeError) { engine.command(1, 2**70) }
    assert_operator engine.command(9999), :<, 0
    assert_operator engine.command(1, 0, 12_345, 67_890), :<, 0
    assert_raises(Librunner::NoTaskError) { engine.wait(4) }
    assert_raises(Librunner::NoTaskError) { engine.wait_ids([1], 0, 0) }
    assert_nil engine.peek(10_000)
    assert_nil engine.take(0)
    assert_nil engine.task(2**40)
    assert_nil engine.fiber(5)
    assert_raises(TypeError, NoMethodError) { engine.open(5) }
    assert_raises(TypeError) { driver.allocate.open(nil) }
    Librunner.run do
      assert_raises(TypeError) { Librunner::Task.current.instance_variable_get(:@engine).wait_ids(5, 0, 0) }
    end
    engine.close
  end

  def test_errors_of_codes
    error = Librunner::Error.new(nil, code: -1_000_000)
    refute_empty error.message
    assert_kind_of Librunner::UVError, Librunner.error_for(-9)
  end
end
