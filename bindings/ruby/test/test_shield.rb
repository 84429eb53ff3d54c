# frozen_string_literal: true

require_relative "diary"

# Librunner.shield
class TestShield < LibrunnerTest
  include Diary

  ERROR = RuntimeError.new("mine")

  def shield(...) = Librunner.shield(...)

  def after(seconds, value = nil, error: nil)
    spawn do
      sleep(seconds)
      error ? raise(error) : value
    end
  end

  def test_R182_a_shielded_task_goes_on_when_who_awaits_it_is_cancelled
    in_task do
      value = Object.new
      inner = after(0.02, value)
      outer = spawn { shield(inner) }
      sleep(0.01)
      outer.cancel("enough")
      assert_equal "enough", assert_raises(Librunner::CancelledError) { outer.await }.message
      refute_predicate inner, :done?
      assert_same value, inner.await
      assert_equal 20, now
    end
  end

  def test_R183_the_outcome_of_a_shielded_task_comes_through
    in_task do
      value = Object.new
      task = after(0.01, value)
      2.times { assert_same value, shield(task) } # pending, done
      failed = after(0.01, error: ERROR)
      2.times { assert_raises_same(ERROR) { shield(failed) } }
      inner = spawn { sleep }
      @loop.call_later(0.01) { inner.cancel("because") }
      2.times do
        assert_equal "because", assert_raises(Librunner::CancelledError) { shield(inner) }.message
      end
      assert_equal 0, cancelling
    end
  end

  def test_R183_a_future_can_be_shielded
    in_task do
      future = @loop.create_future
      outer = spawn { shield(future) }
      turns
      outer.cancel
      assert_raises(Librunner::CancelledError) { outer.await }
      refute_predicate future, :done?
      future.resolve(1)
      assert_equal 1, future.await
      assert_equal 1, shield(future)
    end
  end

  def test_R183_a_shielded_future_that_is_cancelled
    in_task do
      future = @loop.create_future
      @loop.call_later(0.01) { future.cancel("because") }
      2.times do
        assert_equal "because", assert_raises(Librunner::CancelledError) { shield(future) }.message
      end
      assert_equal 0, cancelling
    end
  end

  def test_R183_a_shielded_future_that_fails
    in_task do
      future = @loop.create_future
      @loop.call_later(0.01) { future.reject(ERROR) }
      2.times { assert_raises_same(ERROR) { shield(future) } }
    end
  end

  def test_R184_a_gather_of_shielded_tasks_leaves_them_alone
    in_task do
      inner = after(0.02, 1)
      shielding = spawn { shield(inner) }
      gathering = spawn { Librunner.gather(shielding) }
      sleep(0.01)
      gathering.cancel
      assert_raises(Librunner::CancelledError) { gathering.await }
      assert_equal 1, inner.await
    end
  end

  def test_R184_a_shielded_gather
    in_task do
      inner = after(0.02, 1)
      gathering = spawn { Librunner.gather(inner) }
      outer = spawn { shield(gathering) }
      sleep(0.01)
      outer.cancel
      assert_raises(Librunner::CancelledError) { outer.await }
      assert_equal [1], gathering.await
    end
  end

  def test_R185_an_error_after_the_shield_was_cancelled_is_reported
    reported = []
    Librunner.run(clock: :virtual, exception_handler: proc { |context| reported << context.exception }) do
      inner = after(0.02, error: ERROR)
      outer = spawn { shield(inner) }
      sleep(0.01)
      outer.cancel
      assert_raises(Librunner::CancelledError) { outer.await }
      sleep(0.02)
    end
    assert_equal [ERROR], reported
  end

  def test_R185_an_error_after_the_shield_was_cancelled_that_is_taken_is_not_reported
    in_task do
      inner = after(0.02, error: ERROR)
      outer = spawn { shield(inner) }
      sleep(0.01)
      outer.cancel
      assert_raises(Librunner::CancelledError) { outer.await }
      assert_raises_same(ERROR) { inner.await }
    end
  end

  def test_several_shields_of_one_task
    in_task do
      inner = after(0.02, 1)
      outers = 3.times.map { spawn { shield(inner) } }
      sleep(0.01)
      outers[1].cancel
      assert_equal [1, Librunner::CancelledError, 1],
        Librunner.gather(*outers, return_exceptions: true).map { |it| it.is_a?(Exception) ? it.class : it }
    end
  end

  def test_R138_main_awaits_a_shielded_task_and_is_interrupted
    log = []
    Librunner::Runner.open(clock: :virtual) do |runner|
      runner.loop.call_later(0.01) { runner.interrupt }
      assert_raises(Interrupt) do
        runner.run do
          @inner = spawn do
            sleep
          ensure
            log << "inner over"
          end
          shield(@inner)
        end
      end
      log << "run over"
      refute_predicate @inner, :done?
    end
    assert_equal ["run over", "inner over"], log
  end

  def test_only_a_task_can_shield
    assert_raises(Librunner::NoTaskError) { shield(nil) }
  end

  def test_R042_a_task_that_shields_itself_is_no_hang
    assert_raises(Librunner::Error) { in_task { |task| shield(task) } }
  end
end
