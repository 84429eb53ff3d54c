# frozen_string_literal: true

require_relative "helper"

# What tasks wait for goes on between two runs, and after the last.
class TestSchedulerBetween < LibrunnerTest
  def test_what_comes_between_two_runs_is_not_missed
    queue = Thread::Queue.new
    mutex = Mutex.new
    condition = ConditionVariable.new
    done = []
    Librunner::Runner.open do |runner|
      thread = Thread.new { Thread.stop }
      runner.run do
        Librunner.spawn { done << queue.pop }
        Librunner.spawn { mutex.synchronize { condition.wait(mutex); done << :condition } }
        Librunner.spawn { thread.join; done << :thread }
        Librunner.yield
      end
      queue << :item
      mutex.synchronize { condition.signal }
      Thread.pass until thread.stop?
      thread.wakeup.join
      assert_empty done
      runner.run { sleep(0.001) until done.size == 3 }
      assert_equal %i[condition item thread], done.sort
    end
  end

  def test_who_waits_on_waits_in_the_next_run
    queue = Thread::Queue.new
    got = []
    Librunner::Runner.open do |runner|
      runner.run { Librunner.spawn { 2.times { got << queue.pop } }; Librunner.yield }
      3.times { runner.run { 3.times { Librunner.yield } } }
      assert_equal 1, queue.num_waiting
      runner.run { queue << 1; sleep(0.001) }
      assert_equal [1], got
    end
    assert_equal 0, queue.num_waiting
  end

  def test_a_close_cancels_who_waits
    queue = Thread::Queue.new
    ended = nil
    Librunner.run do
      Librunner.spawn do
        queue.pop
      rescue Librunner::CancelledError
        ended = :cancelled
        raise
      end
      Librunner.yield
    end
    assert_equal [:cancelled, 0], [ended, queue.num_waiting]
  end

  # The lists of Ruby lie on the stacks of the fibers.
  def test_the_queue_of_a_task_that_was_given_up_or_forgotten_can_be_used
    out, err, status = child(<<~'RUBY')
      queues = Array.new(2) { Thread::Queue.new }
      mutex = Mutex.new.tap(&:lock)
      runner = Librunner::Runner.new(cancel_grace: 0.01, exception_handler: ->(_) {})
      runner.run do
        Librunner.spawn { begin; queues[0].pop; rescue Librunner::CancelledError; retry; end }
        Librunner.spawn { begin; mutex.lock; rescue Librunner::CancelledError; retry; end }
        Librunner.yield
      end
      begin
        runner.close
      rescue Librunner::TimeoutError => e
        puts e.class
      end
      forgotten = Librunner::Runner.new
      forgotten.run { Librunner.spawn { queues[1].pop }; Librunner.yield }
      runner = forgotten = nil
      Fiber.new { 100.times { Fiber.new { "#{1}" * 100 }.resume } }.resume
      3.times { GC.start }
      queues.each { |queue| queue << 1; queue << 2 }
      mutex.unlock
      3.times { GC.start }
      puts "fine"
    RUBY
    assert_equal "Librunner::TimeoutError\nfine\n", out, err
    assert_predicate status, :success?
    refute_includes err, "BUG"
  end
end
