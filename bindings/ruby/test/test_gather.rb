# frozen_string_literal: true

require_relative "diary"

# Librunner.gather
class TestGather < LibrunnerTest
  include Diary

  def returning(seconds, value) = spawn { sleep(seconds) && nil || value }

  def failing(seconds, error)
    spawn do
      sleep(seconds)
      raise error
    end
  end

  def gather(...) = Librunner.gather(...)

  def test_the_values_come_in_the_order_of_the_arguments
    in_task do
      values = [Object.new, Object.new, Object.new]
      got = gather(returning(0.03, values[0]), returning(0.01, values[1]), returning(0.02, values[2]))
      got.zip(values) { |is, was| assert_same was, is }
      assert_equal 3, got.size
      note "over"
      assert_diary "30 over"
    end
  end

  def test_tasks_and_futures_some_of_which_are_done
    in_task do
      done = returning(0, "task")
      future = @loop.create_future
      future.resolve("future")
      sleep(0.01)
      later = returning(0.01, "later")
      assert_equal %w[task future later task], gather(done, future, later, done)
    end
  end

  def test_gather_of_nothing_is_done
    in_task { assert_equal [], gather }
  end

  def test_all_of_them_may_be_done
    in_task do
      tasks = [returning(0, 1), returning(0, 2)]
      turns(3)
      assert_equal [1, 2], gather(*tasks)
      assert_equal [1, 2], gather(*tasks, return_exceptions: true)
    end
  end

  def test_the_first_error_ends_it_and_the_others_go_on
    error = RuntimeError.new("first")
    in_task do
      slow = returning(0.02, 1)
      late = failing(0.015, RuntimeError.new("second")) # which gather takes, too
      assert_raises_same(error) { gather(slow, failing(0.01, error), late) }
      note "failed"
      assert_equal 1, slow.await
      note "over"
      assert_diary "10 failed", "20 over"
    end
  end

  def test_an_error_that_was_there_before_is_the_very_same
    error = RuntimeError.new("first")
    in_task do
      failed = failing(0, error)
      pending = returning(0.01, 1)
      turns(3)
      assert_predicate failed, :failed?
      assert_raises_same(error) { gather(pending, failed) }
      assert_raises_same(error) { gather(failed, pending) } # it is taken now
      assert_raises_same(error) { gather(failed) }
      assert_equal [error, 1, error], gather(failed, pending, failed, return_exceptions: true)
    end
  end

  def test_a_cancelled_task_is_an_error_of_its_gather
    in_task do
      task = spawn { sleep }
      @loop.call_later(0.01) { task.cancel("because") }
      error = assert_raises(Librunner::CancelledError) { gather(task) }
      assert_equal "because", error.message
      assert_equal 0, cancelling
      sleep(0)
      error = assert_raises(Librunner::CancelledError) { gather(task) } # it was cancelled before
      assert_equal "because", error.message
      assert_equal 0, cancelling
    end
  end

  def test_a_cancelled_future_is_an_error_of_its_gather
    in_task do
      future = @loop.create_future
      @loop.call_later(0.01) { future.cancel("because") }
      2.times do
        assert_equal "because", assert_raises(Librunner::CancelledError) { gather(future) }.message
      end
      assert_equal 0, cancelling
    end
  end

  def test_R147_a_cancel_of_who_gathers_reaches_all
    in_task do
      future = @loop.create_future
      tasks = %w[first second].map { |name| spawn { until_cancelled { note "#{name} over" } } }
      gathering = spawn { gather(tasks[0], future, tasks[1]) }
      sleep(0.01)
      gathering.cancel("enough")
      assert_raises(Librunner::CancelledError) { gathering.await }
      assert_diary "10 first over", "10 second over"
      assert_predicate future, :cancelled?
      assert(tasks.all?(&:cancelled?))
    end
  end

  def test_a_cancel_of_who_gathers_waits_for_those_that_clean_up
    in_task do
      task = spawn do
        until_cancelled do
          sleep(0.01)
          note "clean"
        end
      end
      gathering = spawn { gather(task) }
      turns
      gathering.cancel
      assert_raises(Librunner::CancelledError) { gathering.await }
      note "gathered"
      assert_diary "10 clean", "10 gathered"
    end
  end

  def test_errors_may_take_the_places_of_values
    first = RuntimeError.new("first")
    second = NotImplementedError.new("second")
    in_task do
      cancelled = spawn { sleep }
      turns
      cancelled.cancel("because")
      results = gather(returning(0.02, 1), failing(0.01, first), cancelled, failing(0.03, second),
        return_exceptions: true)
      assert_equal 1, results[0]
      assert_same first, results[1]
      assert_kind_of Librunner::CancelledError, results[2]
      assert_equal "because", results[2].message
      assert_same second, results[3]
      note "over"
      assert_diary "30 over"
    end
  end

  def test_an_error_that_is_a_value_is_a_value
    in_task do
      value = RuntimeError.new("a value")
      assert_equal [value], gather(returning(0, value))
      assert_equal [value], gather(returning(0, value), return_exceptions: true)
    end
  end

  def test_an_error_of_another_class_than_standard_error_comes_through
    error = Class.new(Exception).new("odd") # rubocop:disable Lint/InheritException
    in_task { assert_raises_same(error) { gather(failing(0, error)) } }
  end

  def test_what_is_neither_a_task_nor_a_future_is_refused
    in_task do
      mine = returning(0, 1)
      [nil, 1, [mine], proc { 1 }, BasicObject.new].each do |other|
        assert_match(/not a Task or Future/, assert_raises(TypeError) { gather(mine, other) }.message)
        assert_raises(TypeError) { Librunner.shield(other) }
        assert_raises(TypeError) { Librunner.wait([mine, other]) }
      end
      assert_equal [1], gather(mine)
    end
  end

  def test_R041_what_belongs_to_another_runner_is_refused
    in_task do
      mine = returning(0.01, 1)
      Thread.new do
        Librunner.run do
          theirs = spawn { 1 }
          assert_raises(Librunner::ForeignError) { gather(theirs, mine) }
          assert_raises(Librunner::ForeignError) { Librunner.shield(mine) }
          assert_raises(Librunner::ForeignError) { Librunner.wait([theirs, mine]) }
        end
      end.join
      assert_equal [1], gather(mine)
    end
  end

  def test_only_a_task_can_gather
    assert_raises(Librunner::NoTaskError) { gather }
    in_task do
      task = returning(0.01, 1)
      future = @loop.create_future
      refused = 0
      @loop.call_soon do
        [-> { gather(task) }, -> { Librunner.shield(task) }, -> { Librunner.wait([task]) }].each do |wait|
          wait.call
        rescue Librunner::NoTaskError
          refused += 1
        end
        future.resolve(refused)
      end
      assert_equal 3, future.await
      assert_equal [1], gather(task)
    end
  end

  def test_R042_a_task_that_gathers_itself_is_no_hang
    assert_raises(Librunner::Error) { in_task { |task| gather(task) } }
  end

  def test_gathering_leaves_nothing_behind
    in_task do
      error = RuntimeError.new
      tasks = 5.times.map { |i| i == 4 ? failing(0, error) : returning(0, i) }
      turns(3)
      gather(*tasks, return_exceptions: true)
      turns(2)
      before = in_use
      100.times do
        gather(*tasks, return_exceptions: true)
        assert_raises_same(error) { gather(*tasks) }
        Librunner.wait(tasks)
        Librunner.shield(tasks[0])
      end
      turns(2)
      assert_equal before, in_use
    end
  end

  def test_nothing_is_remembered_of_the_failures_of_futures
    engine = nil
    in_task do
      engine = Librunner.const_get(:Driver).current
      first, second, third = Array.new(3) { @loop.create_future }
      gathering = spawn { gather(first, second, third) }
      turns
      first.reject(RuntimeError.new("first"))
      second.reject(RuntimeError.new("second"))
      assert_equal "first", assert_raises(RuntimeError) { gathering.await }.message
      third.reject(RuntimeError.new("third"))
      turns(2)
      failed, pending = Array.new(2) { @loop.create_future }
      failed.reject(RuntimeError.new("failed"))
      gathering = spawn { gather(failed, pending, return_exceptions: true) }
      turns
      gathering.cancel
      assert_raises(Librunner::CancelledError) { gathering.await }
      assert_empty engine.failures.values.grep(RuntimeError).reject { |error| error.message == "first" }
      assert_equal %w[second third failed], [second, third, failed].map { |future| future.exception.message }
    end
    assert_empty engine.failures
  end

  def test_a_thousand
    in_task do
      tasks = Array.new(1000) { |i| returning(i % 7 / 1000.0, i) }
      assert_equal (0...1000).to_a, gather(*tasks)
    end
  end

  def test_gather_lives_through_the_collector
    run_stressed do
      tasks = Array.new(4) { |i| Librunner.spawn { Librunner.yield; "v#{i}" } }
      assert_equal %w[v0 v1 v2 v3], Librunner.gather(*tasks)
    end
  end
end
