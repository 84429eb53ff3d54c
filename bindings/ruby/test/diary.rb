# frozen_string_literal: true

require_relative "helper"

# What tests of the constructs share: a run on a virtual clock, in which it is noted what happens when.
module Diary
  # A main task on a runner with a virtual clock, which leaves nothing that is reported.
  def in_task(**options, &main)
    reported = []
    handler = options.delete(:exception_handler) || proc { |context| reported << context }
    value = Librunner::Runner.open(clock: :virtual, exception_handler: handler, **options) do |runner|
      @loop = runner.loop
      @begun = @loop.time
      @lines = []
      runner.run(&main)
    end
    assert_empty reported
    value
  end

  # Milliseconds since the run began.
  def now = ((@loop.time - @begun) * 1000).round

  def note(text) = @lines << "#{now} #{text}"

  def assert_diary(*lines) = assert_equal(lines, @lines)

  def spawn(...) = Librunner.spawn(...)

  def sleep(...) = Librunner.sleep(...)

  def turns(count = 1) = count.times { Librunner.yield }

  def group(&block) = Librunner::TaskGroup.open(&block)

  def cancelling = Librunner::Task.current.cancelling

  # Waits until it is cancelled, and does this first, as a task does that cleans up.
  def until_cancelled
    sleep
  rescue Librunner::CancelledError
    yield if block_given?
    raise
  end

  # The very object.
  def assert_raises_same(error)
    assert_same error, assert_raises(error.class) { yield }
  end

  # How many ids the library has in use.
  def in_use
    core = Librunner.const_get(:Driver).current.core
    Librunner.const_get(:Core).runner_host_count(core)
  end
end
