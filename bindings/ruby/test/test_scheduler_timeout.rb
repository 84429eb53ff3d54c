# frozen_string_literal: true

require_relative "helper"

# Timeout.timeout in tasks.
class TestSchedulerTimeout < LibrunnerTest
  # An error of the program.
  class Mine < StandardError
  end

  def test_it_ends_a_wait
    virtual do
      start = Librunner.current_loop.time
      error = assert_raises(Timeout::Error) { Timeout.timeout(2) { sleep(5) } }
      assert_equal "execution expired", error.message
      assert_in_delta 2, Librunner.current_loop.time - start, 1e-9
      assert_equal 0, Librunner.current_task.cancelling
    end
  end

  def test_it_raises_what_it_was_given
    virtual do
      error = assert_raises(Mine) { Timeout.timeout(1, Mine) { sleep } }
      assert_equal "execution expired", error.message
      error = assert_raises(Mine) { Timeout.timeout(1, Mine, "too late") { sleep } }
      assert_equal "too late", error.message
    end
  end

  def test_it_gives_the_value_and_the_error_of_the_block
    virtual do
      assert_equal 3, (Timeout.timeout(3) { |seconds| sleep(1); seconds })
      error = Mine.new
      assert_same error, assert_raises(Mine) { Timeout.timeout(3) { sleep(1); raise error } }
      assert_equal :thrown, catch(:out) { Timeout.timeout(3) { throw :out, :thrown } }
      assert_equal :nothing, (Timeout.timeout(nil) { :nothing })
      assert_equal :zero, (Timeout.timeout(0) { sleep(1); :zero })
    end
  end

  def test_it_never_comes_after_the_block
    virtual do
      100.times { Timeout.timeout(1) { sleep(0.5) } }
      assert_nil sleep_and_see(1000)
    end
  end

  def sleep_and_see(seconds)
    sleep(seconds)
    nil
  rescue Exception => e # rubocop:disable Lint/RescueException
    e
  end

  def test_the_first_of_several_ends_its_own_block
    virtual do
      outer = assert_raises(Mine) { Timeout.timeout(1, Mine) { Timeout.timeout(2) { sleep } } }
      assert_equal "execution expired", outer.message
      seen = Timeout.timeout(2, Mine) do
        Timeout.timeout(1) { sleep }
      rescue Timeout::Error
        sleep(0.5)
        :inner
      end
      assert_equal :inner, seen
      assert_raises(Mine) do
        Timeout.timeout(2, Mine) do
          Timeout.timeout(1) { sleep }
        rescue Timeout::Error
          sleep
        end
      end
      assert_equal 0, Librunner.current_task.cancelling
    end
  end

  def test_inside_of_the_block_it_is_a_cancel
    virtual do
      seen = nil
      assert_raises(Timeout::Error) do
        Timeout.timeout(1) do
          sleep
        rescue Librunner::CancelledError => e
          seen = e
          raise
        end
      end
      assert_kind_of Librunner::CancelledError, seen
      # A rescue without a class does not hold it up.
      assert_raises(Timeout::Error) { Timeout.timeout(1) { sleep rescue flunk } }
    end
  end

  def test_a_cancel_of_the_task_is_no_timeout
    virtual do
      task = Librunner.spawn { Timeout.timeout(10) { sleep } }
      sleep(1)
      task.cancel("outside")
      assert_equal "outside", assert_raises(Librunner::CancelledError) { task.await }.message
      both = Librunner.spawn { Timeout.timeout(1) { sleep } }
      Librunner.yield
      Librunner.current_loop.call_later(1) { both.cancel("outside") }
      assert_raises(Librunner::CancelledError) { both.await }
    end
  end

  def test_it_goes_with_timeouts_of_the_library
    virtual do
      assert_raises(Librunner::TimeoutError) { Librunner.timeout(1) { Timeout.timeout(2) { sleep } } }
      assert_raises(Timeout::Error) { Librunner.timeout(2) { Timeout.timeout(1) { sleep } } }
    end
  end

  def test_it_ends_what_ruby_waits_for
    Librunner.run do
      queue = Thread::Queue.new
      reader, writer = IO.pipe
      thread = Thread.new { Thread.stop }
      stop = Thread::Queue.new
      waits = [-> { queue.pop }, -> { reader.read(1) }, -> { thread.join },
        -> { Librunner.in_thread { stop.pop } }, -> { `sleep 10` }]
      waits.each { |wait| assert_raises(Timeout::Error) { Timeout.timeout(0.01) { wait.call } } }
      assert_equal 0, queue.num_waiting
      stop << true
      Thread.pass until thread.stop?
      thread.wakeup.join
      [reader, writer].each(&:close)
    end
  end

  def test_many_at_once
    virtual do
      tasks = Array.new(100) do |i|
        Librunner.spawn do
          Timeout.timeout(i + 0.5) { sleep(50); :slept }
        rescue Timeout::Error
          :late
        end
      end
      assert_equal [:late] * 50 + [:slept] * 50, tasks.map(&:await)
    end
  end
end
