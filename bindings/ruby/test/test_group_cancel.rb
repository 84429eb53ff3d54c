# frozen_string_literal: true

require_relative "diary"

# Task groups and cancels: of the owner, of the group, counted.
class TestGroupCancel < LibrunnerTest
  include Diary

  def setup
    @first = RuntimeError.new("first")
  end

  def test_R160_a_cancelled_owner_has_its_children_cancelled_and_waits_for_them
    in_task do
      owner = spawn do
        group { |g| g.spawn { until_cancelled { sleep 0.01; note "child over" } } }
      ensure
        note "group over"
        assert_equal 1, cancelling
      end
      sleep 0.01
      owner.cancel
      assert_raises(Librunner::CancelledError) { owner.await }
      assert_predicate owner, :cancelled?
      assert_diary "20 child over", "20 group over"
    end
  end

  def test_R160_a_cancelled_body_gives_back_its_own_error
    in_task do
      owner = spawn do
        inside = nil
        outside = assert_raises(Librunner::CancelledError) do
          group do
            sleep
          rescue Librunner::CancelledError => inside
            raise
          end
        end
        assert_same inside, outside
        raise outside
      end
      turns
      owner.cancel("mine")
      assert_equal "mine", assert_raises(Librunner::CancelledError) { owner.await }.message
    end
  end

  def test_R160_the_message_comes_out_of_a_group_that_waits
    in_task do
      owner = spawn { group { |g| g.spawn { sleep } } }
      sleep 0.01
      owner.cancel("mine")
      assert_equal "mine", assert_raises(Librunner::CancelledError) { owner.await }.message
    end
  end

  def test_R160_a_second_cancel_meets_the_wait_for_the_children
    in_task do
      owner = spawn do
        group { |g| g.spawn { until_cancelled { sleep 0.01; note "child over" } } }
      ensure
        assert_equal 2, cancelling
      end
      sleep 0.01
      owner.cancel
      sleep 0.005
      owner.cancel
      assert_raises(Librunner::CancelledError) { owner.await }
      assert_diary "20 child over"
    end
  end

  def test_R161_errors_win_over_a_cancel_which_is_not_lost
    in_task do
      owner = spawn do
        error = assert_raises(Librunner::GroupError) do
          group { |g| g.spawn { begin sleep; ensure raise @first; end } }
        end
        assert_equal [@first], error.errors
        assert_equal 1, cancelling
        assert_raises(Librunner::CancelledError) { Librunner.yield }
        raise error
      end
      sleep 0.01
      owner.cancel
      assert_equal [@first], assert_raises(Librunner::GroupError) { owner.await }.errors
    end
  end

  # Nothing waits any more, so the cancel is told by how the task has ended.
  def test_R161_a_cancel_that_lost_to_errors_counts_if_the_task_just_ends
    in_task do
      owner = spawn do
        group { |g| g.spawn { begin sleep; ensure raise @first; end } }
      rescue Librunner::GroupError
        3
      end
      sleep 0.01
      owner.cancel
      assert_raises(Librunner::CancelledError) { owner.await }
      assert_predicate owner, :cancelled?
    end
  end

  def test_R164_a_group_takes_its_cancel_back
    in_task do
      assert_raises(Librunner::GroupError) do
        group do |g|
          g.spawn { sleep 0.01; raise @first }
          sleep
        end
      end
      assert_equal 0, cancelling
      sleep 0.01
    end
  end

  def test_R168_a_group_can_be_cancelled_without_an_error
    in_task do
      value = group do |g|
        g.spawn { sleep }
        g.spawn do
          sleep 0.01
          2.times { assert_nil g.cancel }
        end
        until_cancelled { note "body over" }
      end
      note "group over"
      assert_nil value
      assert_diary "10 body over", "10 group over"
      assert_equal 0, cancelling
    end
  end

  def test_R168_a_block_that_does_not_wait_again_has_its_value
    in_task do
      assert_equal(3, group { |g| g.spawn { sleep }; g.cancel; 3 })
      assert_equal 0, cancelling
      turns
    end
  end

  def test_R168_an_error_of_the_body_survives_the_cancel_of_its_group
    in_task do
      error = assert_raises(Librunner::GroupError) { group { |g| g.cancel; raise @first } }
      assert_equal [@first], error.errors
    end
  end

  def test_R168_a_callback_may_cancel_a_group
    in_task do
      group do |g|
        @loop.call_later(0.01) { g.cancel }
        g.spawn { sleep }
      end
      assert_equal 10, now
    end
  end

  def test_R029_a_body_that_raises_CancelledError_by_itself_comes_out_so
    mine = Librunner::CancelledError.new("mine")
    in_task do
      child = nil
      assert_raises_same(mine) do
        group do |g|
          child = g.spawn { sleep }
          turns
          raise mine
        end
      end
      assert_predicate child, :cancelled?
      assert_equal 0, cancelling
    end
  end

  def test_R079_a_group_that_is_left_is_cancelled_by_the_close
    in_task do
      spawn do
        group { |g| g.spawn { until_cancelled { sleep 0.01; note "child over" } } }
      ensure
        note "group over"
      end
      turns 2
    end
    assert_diary "10 child over", "10 group over"
  end

  def test_R085_a_group_may_be_given_up
    runner = Librunner::Runner.new(clock: :virtual, cancel_grace: 0.01, exception_handler: proc {})
    runner.run do
      stubborn = proc do
        sleep
      rescue Librunner::CancelledError
        retry
      end
      Librunner.spawn { group { |g| g.spawn(&stubborn); stubborn.call } }
      Librunner.spawn { Librunner.timeout(3600) { stubborn.call } }
      turns 3
    end
    assert_raises(Librunner::TimeoutError) { runner.close }
    assert_predicate runner, :closed?
  end
end
