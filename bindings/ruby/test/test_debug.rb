# frozen_string_literal: true

require_relative "helper"

# Debug mode.
class TestDebug < LibrunnerTest
  def setup = @seen = []

  def reporting(**options, &block) = Librunner.run(exception_handler: @seen.method(:<<), **options, &block)

  def busy(seconds)
    until_then = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    nil while Process.clock_gettime(Process::CLOCK_MONOTONIC) < until_then
  end

  def slow(**options)
    @seen.clear
    reporting(slow_callback: 0.001, **options) { busy(0.003) }
    @seen.any?(&:duration)
  end

  def test_R066_R067_R068_it_is_an_option_or_a_variable
    before = ENV.fetch("LIBRUNNER_DEBUG", nil)
    [nil, "1"].each do |variable|
      ENV["LIBRUNNER_DEBUG"] = variable
      assert slow(debug: true)
      refute slow(debug: false)
      assert_equal !variable.nil?, slow(debug: nil)
      Librunner::Runner.open { |runner| assert_equal !variable.nil?, runner.loop.debug? }
    end
  ensure
    ENV["LIBRUNNER_DEBUG"] = before
  end

  def test_R070_a_slow_step_is_reported_with_its_task
    reporting(debug: true, slow_callback: 0.002) do
      task = Librunner.spawn(name: "slow") do
        busy(0.004)
        Librunner.yield
      end
      task.await
    end
    report = @seen.find { |e| e.name == "slow" }
    refute_nil report, @seen.inspect
    assert_operator report.duration, :>=, 0.004
  end

  def test_R070_the_time_of_a_wait_does_not_count
    retrying do
      @seen.clear
      reporting(debug: true, slow_callback: 0.5) do
        Librunner.spawn { Librunner.sleep(0.7) }.await
        Librunner.sleep(0.1)
      end
      assert_empty @seen
    end
  end

  def test_R070_a_slow_callback_is_reported
    reporting(debug: true, slow_callback: 0.002) do
      Librunner.current_loop.call_soon { busy(0.004) }
      Librunner.yield
    end
    assert(@seen.any? { |e| e.duration && e.duration >= 0.004 })
  end

  def test_R073_a_report_says_where_the_task_was_spawned
    line = nil
    reporting(debug: true, slow_callback: nil) do
      Librunner.spawn { raise KeyError }; line = __LINE__
      Librunner.yield
    end
    assert_equal 1, @seen.size
    assert_includes @seen[0].source, "#{__FILE__}:#{line}"
  end

  def test_everything_goes_on_as_without_it
    reporting(debug: true, slow_callback: nil) do |main|
      assert_equal 3, Librunner.spawn { Librunner.yield || 3 }.await
      assert_raises(KeyError) { Librunner.spawn { raise KeyError }.await }
      task = Librunner.spawn { Librunner.sleep(60) }
      Librunner.yield
      task.cancel("why")
      assert_raises(Librunner::CancelledError) { task.await }
      assert_equal [1, 2], Librunner::Generator.new { |y| y << 1 << 2 }.to_a
      assert_equal 0, main.cancelling
      Librunner.timeout(1) { Librunner::TaskGroup.open { |g| g.spawn { Librunner.sleep(0.001) } } }
      Librunner.register { Librunner.yield }
    end
    assert_empty @seen
  end

  def test_another_thread_is_refused_in_any_mode
    [true, false].each do |debug|
      Librunner.run(debug: debug, slow_callback: nil) do
        loop = Librunner.current_loop
        assert_raises(Librunner::WrongThreadError) { Thread.new { loop.call_soon { flunk } }.tap { |t| t.report_on_exception = false }.value }
      end
    end
  end
end
