# frozen_string_literal: true

require_relative "helper"

# Asynchronous generators: values, ends, errors, cancels.
class TestGenerator < LibrunnerTest
  def setup = @log = []

  # Gives 0, 1, ... with a wait before each, and notes its end.
  def counter(count)
    Librunner::Generator.new do |y|
      count.times do |i|
        Librunner.sleep(1)
        y << i
      end
    ensure
      @log << "block over"
    end
  end

  def assert_over(generator)
    assert_raises(StopIteration) { generator.next }
    assert_predicate generator, :over?
  end

  def test_it_gives_values_and_waits_as_a_part_of_who_asks
    virtual do
      Librunner.spawn do
        4.times do |i|
          Librunner.sleep(i.zero? ? 0.5 : 1)
          @log << "tick #{i}"
        end
      end
      generator = counter(2)
      @log << "made"
      assert_equal 0, generator.next
      @log << "got 0"
      assert_equal 1, generator.next
      @log << "got 1"
      refute_predicate generator, :over?
      2.times { assert_over(generator) }
    end
    assert_equal ["made", "tick 0", "got 0", "tick 1", "got 1", "block over"], @log
  end

  def test_it_is_enumerable
    virtual do
      assert_equal [0, 1, 2], counter(3).to_a
      assert_equal [0, 2, 4], counter(3).map { |i| i * 2 }
      assert_equal [[0, "a"], [1, "b"]], counter(2).zip(%w[a b])
      generator = counter(3)
      assert_same generator, generator.each { nil }
      assert_equal 4, @log.size
    end
  end

  def test_a_loop_that_is_left_early_closes_it
    virtual do
      { break: -> { break }, first: ->(g) { g.first(1) }, lazy: ->(g) { g.lazy.map { |i| i + 1 }.first },
        throw: ->(g) { catch(:out) { g.each { throw :out } } } }.each_value do |leave|
        generator = counter(3)
        leave.arity.zero? ? generator.each { break } : leave.call(generator)
        assert_equal ["block over"], @log
        assert_over(generator)
        @log.clear
      end
      generator = counter(3)
      error = RuntimeError.new("mine")
      assert_same error, assert_raises(RuntimeError) { generator.each { raise error } }
      assert_over(generator)
    end
  end

  def test_an_enumerator_of_it_waits_between_values
    virtual do
      values = counter(2).each
      assert_equal 0, values.next
      assert_equal 1, values.peek
      assert_equal 1, values.next
      assert_raises(StopIteration) { values.next }
      assert_equal [[0, 0], [1, 1]], counter(2).each.with_index.to_a
    end
  end

  def test_loop_ends_with_it
    virtual do
      generator = counter(2)
      got = []
      loop { got << generator.next }
      assert_equal [0, 1], got
    end
  end

  def test_it_yields_in_several_ways
    virtual do
      generator = Librunner::Generator.new do |y|
        (y << 1) << 2
        assert_nil y.yield(3)
        [4, 5].each(&y)
        y << nil << false
      end
      assert_equal [1, 2, 3, 4, 5, nil, false], generator.to_a
    end
  end

  def test_an_error_of_the_block_is_given_to_who_asks_once_and_unchanged
    virtual do
      error = RuntimeError.new("mine")
      generator = Librunner::Generator.new do |y|
        y << 1
        raise error
      end
      assert_equal 1, generator.next
      assert_same error, assert_raises(RuntimeError) { generator.next }
      assert_includes error.backtrace.first, __FILE__
      assert_over(generator)
      generator.close
    end
  end

  def test_what_leaves_the_block_by_force_is_an_error
    virtual do
      assert_raises(LocalJumpError) { Librunner::Generator.new { break }.next }
      assert_raises(UncaughtThrowError) { catch(:out) { Librunner::Generator.new { throw :out }.next } }
      assert_raises(StopIteration) { Librunner::Generator.new { next 3 }.next }
      assert_raises(StopIteration) { Librunner::Generator.new { raise StopIteration, "its own" }.next }
      [NoMemoryError, SystemStackError, NotImplementedError, SystemExit, SignalException.new("TERM")].each do |error|
        generator = Librunner::Generator.new { raise error }
        assert_raises(error.is_a?(Class) ? error : error.class) { generator.next }
        assert_over(generator)
      end
    end
    assert_raises(LocalJumpError) { leaves_a_method }
  end

  def leaves_a_method
    generator = Librunner::Generator.new { return }
    virtual { generator.next }
  end

  def test_close_has_the_block_clean_up_which_may_wait
    virtual do
      generator = Librunner::Generator.new do |y|
        y << 1
        flunk
      rescue Exception # rubocop:disable Lint/RescueException
        flunk "a close is no exception"
      ensure
        Librunner.sleep(1)
        @log << "cleaned up"
      end
      generator.next
      assert_nil generator.close
      @log << "closed"
      assert_nil generator.close
      assert_over(generator)
    end
    assert_equal ["cleaned up", "closed"], @log
  end

  def test_close_gives_the_error_of_the_cleanup
    virtual do
      error = RuntimeError.new("mine")
      generator = Librunner::Generator.new do |y|
        y << 1
      ensure
        raise error
      end
      generator.next
      assert_same error, assert_raises(RuntimeError) { generator.close }
      assert_over(generator)
    end
  end

  def test_one_that_was_not_begun_never_is
    virtual do
      generator = Librunner::Generator.new { flunk }
      generator.close
      assert_over(generator)
      Librunner::Generator.new { flunk } # left behind
    end
  end

  def test_a_block_that_ignores_its_close_is_an_error
    virtual do
      generator = Librunner::Generator.new do |y|
        y << 1
      ensure
        y << 2
        y << 3
      end
      assert_equal 1, generator.next
      error = assert_raises(Librunner::Error) { generator.close }
      assert_equal "RUNNER_EIGNORED", error.code_name
      assert_equal 3, generator.next
      generator.close
      assert_over(generator)
    end
  end

  def test_a_cancel_reaches_the_wait_of_the_block
    virtual do
      generator = counter(5)
      task = Librunner.spawn { generator.each { nil } }
      Librunner.sleep(1.5)
      task.cancel("enough")
      assert_equal "enough", assert_raises(Librunner::CancelledError) { task.await }.message
      assert_equal ["block over"], @log
      assert_over(generator)
    end
  end

  def test_a_block_may_go_on_in_spite_of_a_cancel
    virtual do
      generator = Librunner::Generator.new do |y|
        begin
          Librunner.sleep
        rescue Librunner::CancelledError
          y << Librunner::Task.current.uncancel
        end
        y << :on
      end
      task = Librunner.spawn { [generator.next, generator.next] }
      Librunner.yield
      task.cancel
      assert_equal [0, :on], task.await
    end
  end

  def test_several_tasks_may_ask_one_after_the_other
    virtual do
      generator = Librunner::Generator.new { |y| loop { y << Librunner::Task.current } }
      3.times do
        task = Librunner.spawn { generator.next }
        assert_same task, task.await
      end
      generator.close
    end
  end

  def test_a_block_that_waits_cannot_be_asked_by_another_task
    virtual do
      generator = counter(3)
      task = Librunner.spawn { generator.next }
      Librunner.yield
      assert_raises(Librunner::BusyError) { generator.next }
      assert_raises(Librunner::BusyError) { generator.close }
      assert_raises(Librunner::BusyError) { generator.each { nil } }
      assert_equal 0, task.await
      assert_equal 1, generator.next
    end
  end

  def test_a_block_cannot_ask_itself
    virtual do
      generator = Librunner::Generator.new do |y|
        assert_raises(Librunner::BusyError) { generator.next }
        assert_raises(Librunner::BusyError) { generator.close }
        y << 1
      end
      assert_equal 1, generator.next
    end
  end

  def test_generators_nest
    virtual do
      inner = counter(4)
      squares = Librunner::Generator.new do |y|
        inner.each do |i|
          Librunner.sleep(1)
          y << i * i
        end
      end
      3.times { |i| assert_equal i * i, Librunner.spawn { squares.next }.await }
      squares.close # the each in its block closes the inner one
      assert_predicate inner, :over?
    end
    assert_equal ["block over"], @log
  end

  def test_values_are_given_in_the_block_only
    virtual do
      kept = nil
      generator = Librunner::Generator.new do |y|
        kept = y
        assert_raises(FiberError) { Librunner.spawn { y << 2 }.await }
        assert_raises(FiberError) { Fiber.new { y << 2 }.resume }
        y << 1
      end
      assert_equal 1, generator.next
      assert_raises(FiberError) { kept << 3 }
      assert_over(generator)
      assert_raises(FiberError) { kept << 3 }
    end
  end

  def test_it_needs_a_task_of_its_runner_and_a_block
    assert_raises(ArgumentError) { Librunner::Generator.new }
    generator = Librunner::Generator.new { |y| 3.times { |i| y << i } }
    assert_raises(Librunner::NoTaskError) { generator.next }
    assert_raises(Librunner::NoTaskError) { generator.each { nil } }
    Librunner::Runner.open do |runner|
      assert_equal 0, runner.run { generator.next }
      Librunner.run do
        assert_raises(Librunner::ForeignError) { generator.next }
        assert_raises(Librunner::ForeignError) { generator.close }
        assert_raises(Librunner::ForeignError) { generator.each { nil } }
      end
      assert_raises(Librunner::NoTaskError) { generator.next }
      assert_raises(Librunner::NoTaskError) { generator.close }
      runner.run do
        runner.loop.call_soon do
          @log << assert_raises(Librunner::NoTaskError) { generator.next }.class
        end
        Librunner.yield
        assert_equal 1, generator.next
      end
    end
    assert_equal [Librunner::NoTaskError], @log
    assert_predicate generator, :over?
  end

  def test_inspect_tells_the_state
    virtual do
      generator = Librunner::Generator.new { |y| y << generator.inspect }
      assert_equal "#<Librunner::Generator new>", generator.inspect
      assert_equal "#<Librunner::Generator running>", generator.next
      assert_equal "#<Librunner::Generator suspended>", generator.to_s
      generator.close
      assert_equal "#<Librunner::Generator over>", generator.inspect
    end
  end

  def test_a_plain_enumerator_may_wait_between_its_values
    virtual do
      enumerator = Enumerator.new do |y|
        3.times do |i|
          Librunner.sleep(1)
          y << i
        end
      end
      other = Librunner.spawn do
        3.times.map do |i|
          Librunner.sleep(1)
          @log << i
        end
      end
      assert_equal([0, 1, 2], 3.times.map { enumerator.next })
      other.await
      assert_equal [0, 1, 2], @log
      assert_equal [0, 1, 2], enumerator.to_a
      assert_equal 0, enumerator.lazy.first
    end
  end

  def test_a_cancel_reaches_a_wait_in_a_plain_enumerator
    virtual do
      enumerator = Enumerator.new do |y|
        y << 1
        Librunner.sleep
      ensure
        @log << "ensure"
      end
      task = Librunner.spawn { loop { enumerator.next } }
      Librunner.yield
      task.cancel
      assert_raises(Librunner::CancelledError) { task.await }
    end
    assert_equal ["ensure"], @log
  end

  def test_many_begin_and_end_under_a_busy_collector
    run_stressed do
      tasks = 5.times.map do
        Librunner.spawn do
          generator = Librunner::Generator.new do |y|
            3.times do |i|
              Librunner.yield
              y << i.to_s
            end
          end
          generator.to_a + generator.first(1)
        end
      end
      tasks.each { |task| assert_equal %w[0 1 2], task.await }
    end
  end
end
