# frozen_string_literal: true

require_relative "diary"

# Task groups that are left in another way than by a value or an error.
class TestGroupLeft < LibrunnerTest
  include Diary

  # A child that takes a while, and one that looks at how it ends.
  def children(group)
    group.spawn { sleep 0.01; note "child over" }
  end

  def broken_out
    group { |g| children(g); break 3 }
  end

  def returned
    group { |g| children(g); return 3 }
  end

  def thrown
    catch(:out) { group { |g| children(g); throw :out, 3 } }
  end

  def tried_again
    count = 0
    begin
      group do |g|
        children(g)
        raise IOError if (count += 1) == 1
        count + 1
      end
    rescue Librunner::GroupError
      retry
    end
  end

  def test_R156_who_leaves_by_break_return_or_throw_waits_for_the_children
    in_task do
      %i[broken_out returned thrown].each { |how| assert_equal 3, send(how) }
      assert_diary "10 child over", "20 child over", "30 child over"
    end
  end

  def test_R156_next_gives_the_value_and_retry_begins_anew
    in_task do
      assert_equal(3, group { |g| children(g); next 3 })
      assert_equal 3, tried_again
      assert_diary "10 child over", "20 child over"
    end
  end

  def test_R158_a_failing_child_goes_before_a_break
    error = RuntimeError.new("first")
    in_task do
      raised = assert_raises(Librunner::GroupError) do
        group { |g| g.spawn { sleep 0.01; raise error }; break }
      end
      assert_equal [error], raised.errors
      raised = assert_raises(Librunner::GroupError) do
        catch(:out) { group { |g| g.spawn { raise error }; throw :out } }
      end
      assert_equal [error], raised.errors
      assert_equal 0, cancelling
      sleep 0.01
    end
  end

  def test_R160_a_cancel_goes_before_a_break
    in_task do
      owner = spawn { group { |g| g.spawn { until_cancelled { sleep 0.01; note "child over" } }; break } }
      sleep 0.01
      owner.cancel
      assert_raises(Librunner::CancelledError) { owner.await }
      assert_diary "20 child over"
    end
  end

  def test_R163_an_aborting_error_of_the_body_goes_on_after_the_children_have_ended
    [SystemExit.new(3), Interrupt.new("mine"), SignalException.new("TERM")].each do |error|
      in_task do
        assert_raises_same(error) do
          group do |g|
            g.spawn { until_cancelled { sleep 0.01; note "child over" } }
            turns
            raise error
          end
        end
        note "caught"
        assert_equal 0, cancelling
      end
      assert_diary "10 child over", "10 caught"
    end
  end

  # The run ends at once. Main is cancelled by the close, and its group has the error all the same.
  def test_R163_an_aborting_error_of_a_child_comes_out_of_the_run_and_of_the_group
    [SystemExit.new(3), Interrupt.new("mine"), SignalException.new("TERM")].each do |error|
      seen = nil
      raised = assert_raises(error.class) do
        Librunner.run(exception_handler: proc {}) do
          group { |g| g.spawn { raise error }; sleep }
        rescue SystemExit, SignalException => seen
          nil
        end
      end
      assert_same error, raised
      assert_same error, seen
    end
  end

  def test_R163_the_error_of_a_child_of_a_child_comes_out_of_both_groups
    error = SystemExit.new(3)
    seen = []
    assert_raises_same(error) do
      Librunner.run(exception_handler: proc {}) do
        group do |outer|
          outer.spawn do
            group { |inner| inner.spawn { raise error } }
          ensure
            seen << $!
          end
        end
      ensure
        seen << $!
      end
    end
    assert_equal [error, error], seen
  end

  def test_R163_an_aborting_error_goes_before_ordinary_ones
    exit = SystemExit.new(3)
    in_task do
      assert_raises_same(exit) do
        group do |g|
          g.spawn { begin sleep; ensure raise "first"; end }
          turns
          raise exit
        end
      end
    end
  end

  # Ruby finds the catch of a task only within the task, and raises where the throw is.
  def test_a_throw_that_nobody_catches_is_an_error_of_the_body
    in_task do
      error = catch(:out) do
        assert_raises(Librunner::GroupError) { spawn { group { |g| children(g); throw :out } }.await }
      end
      assert_equal [UncaughtThrowError], error.errors.map(&:class)
    end
  end

  # The group is what the kill has to wait for; its children are cancelled.
  def test_a_killed_thread_closes_its_group
    seen = []
    thread = Thread.new do
      Librunner.run do
        group do |g|
          g.spawn do
            Librunner.sleep
          ensure
            Librunner.sleep 0.001
            seen << :child
          end
          Librunner.yield
          Thread.current.kill
        ensure
          seen << :body
        end
        seen << :never
      ensure
        seen << :main
      end
      seen << :never
    end
    thread.join
    assert_equal %i[body child main], seen
    refute_predicate thread, :alive?
    assert_nil thread.value
  end

  def test_a_killed_thread_whose_group_waits
    seen = []
    waiting = ::Thread::Queue.new
    thread = Thread.new do
      Librunner.run(deadlock: false) do
        group do |g|
          g.spawn do
            waiting << true
            Librunner.sleep
          ensure
            seen << :child
          end
        ensure
          seen << :body
        end
      ensure
        seen << :main
      end
    end
    waiting.pop
    Thread.pass until thread.stop?
    thread.kill
    thread.join
    assert_equal %i[body child main], seen
  end

  def test_an_error_that_another_thread_raises_is_the_bodys
    error = RuntimeError.new("other thread")
    raised = assert_raises(Librunner::GroupError) do
      Librunner.run do
        main = Thread.current
        group do |g|
          g.spawn { Librunner.sleep }
          Librunner.yield
          Thread.new { main.raise(error) }
          loop { Thread.pass }
        end
      end
    end
    assert_equal [error], raised.errors
  end

  # An Enumerator has a fiber of its own, which any task may go on with.
  def test_R166_a_group_ends_in_the_task_that_it_began_in
    in_task do
      enumerator = Enumerator.new do |out|
        group { out << 1 }
      end
      assert_equal 1, enumerator.next
      error = assert_raises(Librunner::InvalidStateError) { spawn { enumerator.next }.await }
      assert_equal "RUNNER_EOWNER", error.code_name
    end
  end

  # What is open belongs to the parent: the child leaves it as it is, with its own exit status.
  def test_R199_a_child_process_may_exit_in_a_group_a_timeout_and_a_lock
    out, err, status = child(<<~RUBY)
      def in_child
        pid = fork
        return yield unless pid
        puts Process.wait2(pid)[1].exitstatus
      end

      Librunner.run do
        Librunner::TaskGroup.open { |g| g.spawn { Librunner.sleep 0.01 }; in_child { exit 3 } }
        Librunner.timeout(60) { in_child { exit 4 } }
        Librunner::Lock.new.synchronize { in_child { exit 5 } }
        Librunner::Semaphore.new.synchronize { in_child { exit 6 } }
        Librunner::TaskGroup.open { Librunner.timeout(60) { in_child { exit!(7) } } }
        catch(:out) { Librunner::TaskGroup.open { in_child { throw :out, :thrown } } } == :thrown and exit 8
        puts "parent over"
      end
    RUBY
    assert_equal "3\n4\n5\n6\n7\n8\nparent over\n", out
    assert_empty err
    assert_predicate status, :success?
  end

  def test_a_group_in_a_fiber_of_a_task
    in_task do
      enumerator = Enumerator.new do |out|
        out << group { |g| children(g); 1 }
        out << group { |g| children(g); 2 }
      end
      assert_equal [1, 2], [enumerator.next, enumerator.next]
      assert_diary "10 child over", "20 child over"
    end
  end
end
