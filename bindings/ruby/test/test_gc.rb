# frozen_string_literal: true

require_relative "helper"
require "weakref"

# The garbage collector: what is forgotten, what it moves, what it must not free.
class TestGc < LibrunnerTest
  def setup = @seen = []

  # Collects until the block is true. What the stack still holds by chance is no leak.
  def collected?
    100.times do
      GC.start
      return true if yield
    end
    false
  end

  def test_R093_a_failure_is_reported_once_nobody_can_take_it
    seen = @seen
    Librunner.run(exception_handler: seen.method(:<<)) do
      Librunner.spawn { 20.times { |i| Librunner.spawn { raise KeyError, i.to_s } } }.await
      Librunner.yield
      # Some may be held by the stack by chance.
      assert(collected? { Librunner.yield || seen.size >= 15 }, "reported while the run goes on: #{seen.size}")
    end
    assert_equal 20, seen.size
    assert_equal 20.times.map(&:to_s), seen.map { |e| e.exception.message }.sort_by(&:to_i)
  end

  def test_R093_what_was_taken_is_not_reported_when_it_is_collected
    seen = @seen
    Librunner.run(exception_handler: seen.method(:<<)) do
      10.times { assert_raises(KeyError) { Librunner.spawn { raise KeyError }.await } }
      10.times { Librunner.gather(Librunner.spawn { raise KeyError }, return_exceptions: true) }
      5.times { GC.start && Librunner.yield }
    end
    assert_empty seen
  end

  def test_R019_a_forgotten_runner_warns_and_is_freed
    out, errors, status = child(<<~'RUBY')
      def fds = Dir.children("/proc/self/fd").size
      def forget
        runner = Librunner::Runner.new(exception_handler: ->(e) { p runner, e })
        runner.run do
          Librunner.spawn do
            Librunner.sleep 60
          ensure
            puts "unwound"
          end
          Librunner.yield
        end
        nil
      end
      Librunner.run { nil }
      before = fds
      5.times { forget }
      100.times { GC.start; break if fds == before }
      puts fds - before
    RUBY
    assert_predicate status, :success?, errors
    assert_operator out.to_i, :<=, 6 # the stack may hold one or two by chance
    assert_operator errors.scan("Librunner::Runner was never closed").size, :>=, 3
    refute_includes out, "unwound"
  end

  def test_R019_a_runner_that_was_not_used_or_closed_does_not_warn
    _, errors, status = child(<<~'RUBY')
      3.times { Librunner::Runner.new }
      3.times { Librunner::Runner.new.close }
      3.times { Librunner.run { nil } }
      5.times { GC.start }
    RUBY
    assert_predicate status, :success?
    assert_empty errors
  end

  def test_tasks_that_wait_are_held_by_the_loop
    Librunner.run do
      results = []
      30.times { |i| Librunner.spawn { Librunner.sleep(0.001) || results << i.to_s } }
      Librunner.yield
      GC.start
      Array.new(1000) { Object.new }
      GC.start
      Librunner.sleep(0.02)
      assert_equal 30, results.size
    end
  end

  def test_compaction_with_tasks_that_wait
    skip "no compaction here" unless GC.respond_to?(:compact)
    Librunner.run do
      tasks = 200.times.map do |i|
        Librunner.spawn do
          text = "text #{i}"
          Librunner.sleep(0.005)
          inner = Enumerator.new { |y| Librunner.sleep(0.005) || y << text }
          inner.next
        end
      end
      Librunner.yield
      queue = Librunner::Queue.new
      100.times { |i| queue.put_nowait("item #{i}") }
      Librunner.current_loop.call_later(0.005) { tasks << Librunner.spawn { "from a callback" } }
      3.times do
        GC.compact
        Librunner.sleep(0.003)
      end
      assert_equal 200.times.map { |i| "text #{i}" } + ["from a callback"], tasks.map(&:await)
      assert_equal 100.times.map { |i| "item #{i}" }, 100.times.map { queue.get_nowait }
    end
  end

  def test_a_collector_that_runs_all_the_time
    value = run_stressed do
      tasks = 5.times.map { |i| Librunner.spawn { Librunner.yield || i.to_s } }
      failed = Librunner.spawn { raise KeyError, "mine" }
      cancelled = Librunner.spawn { Librunner.sleep(60) }
      generator = Librunner::Generator.new { |y| y << "1" << "2" }
      Librunner.yield
      cancelled.cancel("why")
      Librunner.register { Librunner.yield }
      why = Librunner.gather(cancelled, return_exceptions: true)[0].message
      [tasks.map(&:await), failed.exception.message, generator.to_a, why]
    end
    assert_equal [%w[0 1 2 3 4], "mine", %w[1 2], "why"], value
  end

  def test_a_collector_that_runs_all_the_time_during_a_close
    log = []
    value = run_stressed(exception_handler: ->(e) { log << e.exception.message }) do
      Librunner.spawn do
        Librunner.sleep(60)
      ensure
        Librunner.yield
        log << "cancelled".dup
        raise KeyError, "mine"
      end
      Librunner.register("name".dup) { Librunner.yield || log << "closed".dup }
      generator = Librunner::Generator.new do |y|
        y << "1"
      ensure
        Librunner.yield
        log << "left".dup
      end
      Librunner.spawn { generator.next }.await.dup.tap { Librunner.yield }
    end
    assert_equal "1", value
    assert_equal ["cancelled", "mine", "closed", "left"].sort, log.sort
  end

  def test_a_collector_that_runs_all_the_time_during_an_abort
    error = SystemExit.new(3, "mine".dup)
    raised = assert_raises(SystemExit) do
      run_stressed do
        Librunner.spawn do
          Librunner.sleep(60)
        ensure
          Librunner.yield
        end
        Librunner.spawn { Librunner.yield || raise(error) }
        Fiber.new { Librunner.sleep(60) }.resume
      end
    end
    assert_same error, raised
  end

  def test_a_closed_runner_holds_nothing
    held = []
    made = lambda do
      runner = Librunner::Runner.new(exception_handler: ->(_) { held && runner })
      value = Object.new
      runner.run do
        Librunner.spawn { Librunner.sleep(60) && value }
        Librunner.spawn { raise KeyError }
        Librunner.current_loop.call_later(60) { value }
        Librunner.register { value }
        Librunner.yield
      end
      runner.close
      [WeakRef.new(value), WeakRef.new(runner)]
    end
    refs = 10.times.flat_map { made.call }
    assert(collected? { refs.count(&:weakref_alive?) <= 4 }, "#{refs.count(&:weakref_alive?)} of #{refs.size} are left")
  end

  def test_values_and_blocks_of_tasks_that_are_over_are_not_held
    Librunner.run do
      refs = Librunner.spawn do
        20.times.map do
          value = Object.new
          Librunner.spawn { Librunner.yield && value }
          WeakRef.new(value)
        end
      end.await
      3.times { Librunner.yield }
      assert(collected? { Librunner.yield || refs.count(&:weakref_alive?) <= 4 }, "#{refs.count(&:weakref_alive?)} are left")
    end
  end

  def test_ids_of_forgotten_objects_are_released
    Librunner::Runner.open do |runner|
      engine = runner.instance_variable_get(:@engine)
      count = -> { engine.class::C.runner_host_count(engine.core) }
      runner.run do
        Librunner.yield
        before = count.call
        Librunner.spawn do
          100.times do
            Librunner.spawn { 1 }
            Librunner::Event.new.then(&:set?)
            Librunner.current_loop.create_future
          end
        end.await
        assert(collected? { Librunner.yield || count.call <= before + 100 }, "#{count.call - before} are left")
      end
    end
  end

  def test_descriptors_and_threads_are_back
    Librunner.run { Librunner.in_thread { 1 } }
    fds, threads = descriptors, Thread.list.size
    20.times do
      Librunner.run do
        5.times { Librunner.spawn { Librunner.in_thread { 1 } } }
        Librunner.sleep(0.001)
      end
    end
    assert_no_descriptors_left(fds)
    assert_operator Thread.list.size, :<=, threads
  end
end
