# frozen_string_literal: true

require_relative "helper"

# Runs: values, errors, and what is refused.
class TestRun < LibrunnerTest
  def test_R026_the_value_of_the_block_comes_out
    value = Object.new
    assert_same value, Librunner.run { value }
  end

  def test_R026_the_very_error_comes_out
    error = RuntimeError.new("mine")
    raised = assert_raises(RuntimeError) { Librunner.run { raise error } }
    assert_same error, raised
    assert_includes raised.backtrace.first, __FILE__
  end

  def test_the_block_is_given_its_task
    Librunner.run do |task|
      assert_same Librunner::Task.current, task
      assert_equal "Task-1", task.name
    end
  end

  def test_next_gives_the_value
    assert_equal 3, Librunner.run { next 3 }
  end
end
