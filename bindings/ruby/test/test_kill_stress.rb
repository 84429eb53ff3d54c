# frozen_string_literal: true

require_relative "helper"

# Exceptions of other threads and kills that come at any time: nothing hangs, and all is over afterwards.
class TestKillStress < LibrunnerTest
  class Chaos < StandardError; end

  def setup
    @reports = Thread.report_on_exception
    Thread.report_on_exception = false
  end

  def teardown = Thread.report_on_exception = @reports

  # Something that waits.
  def wait_somehow(lock, generator)
    case rand(7)
    when 0 then Librunner.sleep(rand / 1000)
    when 1 then Librunner.yield
    when 2 then lock.synchronize { Librunner.yield }
    when 3 then Librunner.spawn { Librunner.yield }.await
    when 4 then generator.next
    when 5 then Librunner.timeout(rand / 2000) { Librunner.sleep(rand / 1000) }
    when 6 then Enumerator.new { |y| Librunner.yield || y << 1 }.next
    end
  rescue Librunner::Error, StopIteration
    Librunner.yield
  end

  def busy
    lock = Librunner::Lock.new
    generator = Librunner::Generator.new { |y| 50.times { |i| Librunner.yield || y << i } }
    Librunner.register { Librunner.yield }
    tasks = 10.times.map do
      Librunner.spawn do
        20.times { wait_somehow(lock, generator) }
      ensure
        Librunner.yield
      end
    end
    tasks.each(&:await)
  end

  # The runner that a thread has run and closed, while it was disturbed.
  def disturbed
    runner = nil
    thread = Thread.new do
      Librunner::Runner.open(exception_handler: proc {}) do |opened|
        runner = opened
        runner.run { busy }
      end
    end
    rand(5).times do
      Kernel.sleep(rand / 300)
      thread.raise(Chaos)
    end
    thread.kill if rand(4).zero?
    assert thread.join(60), "it hangs: #{thread.backtrace}"
    runner
  rescue Chaos, Librunner::DeadlockError # that of the others, where a task was hit in giving the lock back
    runner
  end

  # The tasks of the other thread fail here.
  def close(runner)
    runner.close
  rescue Librunner::Error
    nil
  ensure
    assert_predicate runner, :closed? if runner.instance_variable_get(:@engine).core
  end

  def test_nothing_hangs_and_all_is_over
    100.times do
      runner = disturbed or next # it was too soon
      engine = runner.instance_variable_get(:@engine)
      refute_predicate runner, :running?
      close(runner) # an exception may have come before the close had begun
      assert_empty engine.tasks
      assert_equal 0, engine.kept
    end
  end
end
