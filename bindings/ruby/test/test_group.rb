# frozen_string_literal: true

require_relative "diary"

# Task groups: children, errors, what a group refuses.
class TestGroup < LibrunnerTest
  include Diary

  def setup
    @first = RuntimeError.new("first")
    @second = RuntimeError.new("second")
  end

  def test_R156_group_waits_for_every_child
    in_task do
      first = second = nil
      value = group do |g|
        first = g.spawn(name: "first") { sleep 0.02; "a" }
        second = g.spawn { sleep 0.01; 2 }
        note "body over"
        :value
      end
      note "group over"
      assert_diary "0 body over", "20 group over"
      assert_equal [:value, "first", "a", 2], [value, first.name, first.result, second.result]
    end
  end

  def test_R156_children_may_be_added_by_children_while_the_owner_waits
    in_task do
      group do |g|
        g.spawn do
          sleep 0.01
          g.spawn { sleep 0.01; note "grandchild over" }
        end
      end
      assert_diary "20 grandchild over"
    end
  end

  def test_R156_a_callback_may_add_children
    in_task do
      ran = false
      group do |g|
        @loop.call_later(0.01) { g.spawn { ran = true } }
        sleep 0.02
      end
      assert ran
    end
  end

  def test_R156_an_empty_group_does_not_wait
    in_task do
      other = spawn { 1 }
      assert_equal 3, group { 3 }
      refute_predicate other, :done?
    end
  end

  def test_R157_a_cancelled_child_is_no_error
    in_task do
      group do |g|
        child = g.spawn { sleep }
        g.spawn { sleep 0.02 }
        sleep 0.01
        assert child.cancel
      end
      assert_equal 20, now
    end
  end

  def test_R157_a_child_that_raises_CancelledError_by_itself_is_no_error
    in_task do
      group { |g| g.spawn { raise Librunner::CancelledError } }
    end
  end

  def test_R158_a_failing_child_has_its_siblings_and_the_body_cancelled
    in_task do
      error = assert_raises(Librunner::GroupError) do
        group do |g|
          g.spawn { sleep 0.01; raise @first }
          g.spawn { until_cancelled { sleep 0.005; note "sibling over" } }
          until_cancelled { note "body over" }
        end
      end
      note "group over"
      assert_diary "10 body over", "15 sibling over", "15 group over"
      assert_equal [@first], error.errors
      assert_same @first, error.errors.first
      assert_equal "1 error in a task group: first (RuntimeError)", error.message
      assert_equal "RUNNER_EGROUP", error.code_name
      assert_instance_of Librunner::CancelledError, error.cause
    end
  end

  def test_R158_errors_come_out_in_the_order_of_the_failures_and_unchanged
    in_task do
      error = assert_raises(Librunner::GroupError) do
        group do |g|
          g.spawn { begin sleep; ensure raise @first; end }
          g.spawn { sleep 0.01; raise @second }
        end
      end
      assert_equal [@second, @first].map(&:object_id), error.errors.map(&:object_id)
      assert_equal "2 errors in a task group: second (RuntimeError), first (RuntimeError)", error.message
    end
  end

  # More than are asked for at once.
  def test_R158_no_error_is_lost_if_there_are_many
    in_task do
      errors = Array.new(100) { |i| RuntimeError.new(i.to_s) }
      error = assert_raises(Librunner::GroupError) do
        group { |g| errors.each { |one| g.spawn { raise one } } }
      end
      assert_equal errors.map(&:object_id), error.errors.map(&:object_id)
    end
  end

  # in_task tells if anything was reported.
  def test_R158_the_failure_of_a_child_is_not_reported_a_second_time
    in_task do
      assert_raises(Librunner::GroupError) { group { |g| g.spawn { sleep 0.01; raise @first } } }
    end
  end

  # Nobody but the group has the child: the collector takes the task long before its error is asked for.
  def test_R158_the_error_of_a_forgotten_child_comes_out_unchanged
    in_task do
      error = assert_raises(Librunner::GroupError) do
        group do |g|
          g.spawn { sleep 0.01; raise @first }
          g.spawn do
            until_cancelled do
              20.times { GC.start; sleep 0.001 }
              raise @second
            end
          end
          nil
        end
      end
      assert_equal [@first, @second].map(&:object_id), error.errors.map(&:object_id)
    end
  end

  def test_R158_errors_of_every_class_come_out
    classes = [NoMemoryError, SystemStackError, ScriptError, SecurityError, StopIteration, Class.new(Exception)]
    in_task do
      classes.each do |kind|
        error = kind.new("mine")
        raised = assert_raises(Librunner::GroupError) { group { |g| g.spawn { raise error } } }
        assert_same error, raised.errors.first
        raised = assert_raises(Librunner::GroupError) { group { raise error } }
        assert_same error, raised.errors.first
      end
    end
  end

  def test_R158_one_error_of_several_children_is_listed_for_each
    in_task do
      failing = spawn { raise @first }
      error = assert_raises(Librunner::GroupError) { group { |g| 2.times { g.spawn { failing.await } } } }
      assert_equal [@first, @first], error.errors
    end
  end

  def test_R159_the_error_of_the_body_cancels_the_children_and_comes_last
    in_task do
      error = assert_raises(Librunner::GroupError) do
        group do |g|
          g.spawn { until_cancelled { note "child over"; raise @first } }
          sleep 0.01
          raise @second
        end
      end
      assert_diary "10 child over"
      assert_equal [@first, @second], error.errors
      assert_same @second, error.cause
    end
  end

  def test_R159_children_that_have_not_started_never_do
    in_task do
      child = nil
      assert_raises(Librunner::GroupError) do
        group do |g|
          child = g.spawn { flunk "the child has started" }
          raise @first
        end
      end
      assert_predicate child, :cancelled?
    end
  end

  def test_R162_the_errors_of_an_inner_group_are_one_error_of_the_outer
    in_task do
      inner = nil
      outer = assert_raises(Librunner::GroupError) do
        group do |g|
          g.spawn do
            group { |h| h.spawn { sleep 0.01; raise @first } }
          rescue Librunner::GroupError => inner
            raise
          end
          g.spawn { sleep 0.01; raise @second }
        end
      end
      assert_equal [@second, inner], outer.errors
      assert_equal [@first], inner.errors
    end
  end

  def test_R162_groups_of_one_task_nest
    in_task do
      outer = assert_raises(Librunner::GroupError) do
        group do |g|
          g.spawn { sleep 0.01; raise @first }
          group { |h| h.spawn { begin sleep; ensure raise @second; end } }
        end
      end
      assert_same @first, outer.errors.first
      assert_equal [@second], outer.errors.last.errors
      assert_equal 0, cancelling
    end
  end

  def test_R162_a_group_may_outlast_one_that_was_begun_inside_of_it
    in_task do
      group do |outer|
        group { |inner| inner.spawn { outer.spawn { sleep 0.02; note "child of the outer" } } }
        note "inner over"
      end
      assert_diary "0 inner over", "20 child of the outer"
    end
  end

  def test_R165_a_group_that_is_over_takes_no_children
    in_task do
      left = group { |g| g }
      error = assert_raises(Librunner::InvalidStateError) { left.spawn {} }
      assert_equal "RUNNER_EFINISHED", error.code_name
      assert_nil left.cancel
      assert_equal "#<Librunner::TaskGroup finished>", left.inspect
    end
  end

  def test_R165_a_group_that_is_being_cancelled_takes_no_children
    in_task do
      error = assert_raises(Librunner::GroupError) do
        group do |g|
          g.spawn { raise @first }
          assert_raises(Librunner::CancelledError) { sleep }
          refused = assert_raises(Librunner::InvalidStateError) { g.spawn { flunk "it has started" } }
          assert_equal "RUNNER_EABORTING", refused.code_name
        end
      end
      assert_equal [@first], error.errors
    end
  end

  def test_R166_a_group_needs_a_task_and_a_body
    assert_raises(Librunner::NoTaskError) { group { flunk } }
    in_task do
      assert_raises(ArgumentError) { Librunner::TaskGroup.open }
      group { |g| assert_raises(ArgumentError) { g.spawn } }
      refused = nil
      @loop.call_soon { group { flunk } rescue refused = $! } # rubocop:disable Style/RescueModifier
      Librunner.yield
      assert_instance_of Librunner::NoTaskError, refused
      assert_raises(NoMethodError) { Librunner::TaskGroup.new }
    end
  end

  def test_R166_other_threads_and_runners_may_not_use_a_group
    in_task do
      group do |g|
        Thread.new do
          assert_raises(Librunner::NoTaskError) { g.spawn {} }
          assert_raises(Librunner::WrongThreadError) { g.cancel }
          Librunner.run { assert_raises(Librunner::ForeignError) { g.spawn {} } }
        end.join
      end
    end
  end

  def test_R167_a_group_ends_though_its_children_never_stop_spawning
    in_task do
      spawned = 0
      error = assert_raises(Librunner::GroupError) do
        group do |g|
          breed = proc do
            spawned += 1
            begin
              sleep 0.01
            rescue Librunner::CancelledError
              nil
            end
            g.spawn(&breed)
          end
          g.spawn(&breed)
          sleep 0.035
          raise @first
        end
      end
      assert_equal [Librunner::InvalidStateError, RuntimeError], error.errors.map(&:class)
      assert_same @first, error.errors.last
      assert_equal 4, spawned
    end
  end

  def test_R169_finished_children_do_not_accumulate
    in_task do
      group do |g|
        10.times { g.spawn {} }
        turns 2
        before = in_use
        1000.times { g.spawn {}; turns 2 }
        turns 2
        assert_operator in_use - before, :<, 10
      end
    end
  end

  def test_a_group_leaves_nothing_in_the_library
    in_task do
      before = in_use
      50.times do
        group { |g| g.spawn { 1 } }
        group { |g| g.spawn { raise @first } } rescue nil # rubocop:disable Style/RescueModifier
        group { raise @first } rescue nil # rubocop:disable Style/RescueModifier
        group { |g| g.cancel; Librunner.yield }
      end
      GC.start # the tasks, which have the errors that nobody has looked at
      turns 3
      assert_operator in_use - before, :<, 50
    end
  end

  def test_a_child_whose_error_the_group_has_may_be_asked_for_it_too
    in_task do
      child = nil
      error = assert_raises(Librunner::GroupError) do
        group do |g|
          child = g.spawn { raise @first }
          # The group's cancel comes before the outcome.
          assert_raises(Librunner::CancelledError) { child.await }
          assert_raises_same(@first) { child.await }
        end
      end
      assert_equal [@first], error.errors
      assert_same @first, child.exception
    end
  end

  def test_a_group_shows_its_state
    in_task do
      group do |g|
        assert_equal "#<Librunner::TaskGroup open>", g.inspect
        g.spawn { assert_equal "#<Librunner::TaskGroup closing>", g.inspect }
      end
    end
  end

  def test_many_children_under_gc_stress
    run_stressed do
      total = 0
      group { |g| 20.times { |i| g.spawn { Librunner.yield; total += i } } }
      assert_equal 190, total
      error = assert_raises(Librunner::GroupError) { group { |g| 20.times { g.spawn { raise @first } } } }
      assert_equal [@first] * 20, error.errors
    end
  end
end
