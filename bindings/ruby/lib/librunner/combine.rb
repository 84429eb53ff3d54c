# frozen_string_literal: true

module Librunner
  class Engine
    # Waits for a future of the library that was made for this: its code and its value.
    def await_made(future)
      code = wait(C::RUNNER_HOST_AWAIT, future)
      [code, b]
    ensure
      command(C::RUNNER_HOST_RELEASE, future)
    end

    # Waits for all: the one whose error has ended the wait, or nil.
    def gather(awaitables, keep_errors)
      code, value = awaiting_all(awaitables) do |ids|
        code, future = C.runner_host_gather(@core, ids, keep_errors ? 1 : 0)
        raise Librunner.error_for(code) if code.negative?

        await_made(future)
      end
      return if code.zero?

      awaitables.each(&:given)
      awaitables.find { |awaitable| awaitable.handle_id == value } or raise error_of(code, value)
    rescue CancelledError => e
      awaitables.each(&:given)
      keep_errors ? raise : tell_cancel(e, awaitables)
    end
  end

  WHEN = {
    all_completed: Core::RUNNER_ALL_COMPLETED,
    first_completed: Core::RUNNER_FIRST_COMPLETED,
    first_exception: Core::RUNNER_FIRST_EXCEPTION
  }.freeze
  private_constant :WHEN

  class << self
    # Waits for a task or future as its `await` does, but a cancel of the waiting task does not reach it.
    # If it fails after such a cancel, and nobody else takes the error, that is reported.
    # @param awaitable [Task, Future]
    # @return [Object] its value
    # @raise [CancelledError] it, or the task that waits, was cancelled
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] no task runs
    # @raise [TypeError] it is neither a task nor a future
    # @raise [Exception] what it has failed with, the very object
    # @since 0.1
    def shield(awaitable)
      engine = Engine.current
      return awaitable.result if engine.object(awaitable).done?

      code, = engine.awaiting(awaitable) do |id|
        engine.command!(Core::RUNNER_HOST_SHIELD, 0, id)
        engine.await_made(engine.id)
      end
      raise Librunner.error_for(code) unless awaitable.done?

      awaitable.result
    rescue CancelledError => e
      engine.tell_cancel(e, [awaitable])
    end

    # Waits for all of them, and gives their values in the order of the arguments.
    #
    # The first that fails or is cancelled ends it with that error; the others go on. If the waiting task
    # is cancelled, so are all of them.
    # @param awaitables [Array<Task, Future>]
    # @param return_exceptions [Boolean] an error takes the place of its value, and the others are waited
    #   for
    # @return [Array<Object>]
    # @raise [CancelledError] one of them, or the task that waits, was cancelled
    # @raise [ForeignError] one belongs to another runner
    # @raise [NoTaskError] no task runs
    # @raise [TypeError] one is neither a task nor a future
    # @raise [Exception] what the first has failed with, the very object
    # @example
    #   Librunner.gather(*urls.map { |url| Librunner.spawn { fetch(url) } })
    # @since 0.1
    def gather(*awaitables, return_exceptions: false)
      failed = Engine.current.gather(awaitables, return_exceptions)
      failed&.result
      awaitables.map(&(return_exceptions ? :value_or_error : :result))
    end

    # Waits until some or all of them are done, or the time is over. It raises nothing that they have
    # failed with, and takes nothing: their `result` tells. A cancel of the waiting task does not reach
    # them.
    # @param awaitables [Enumerable<Task, Future>] at least one
    # @param timeout [Numeric, nil] longest time in seconds; nil is without limit
    # @param return_when [:all_completed, :first_completed, :first_exception]
    # @return [Array(Array, Array)] those that are done and those that are not, in the order given
    # @raise [CancelledError] the task that waits was cancelled
    # @raise [ForeignError] one belongs to another runner
    # @raise [NoTaskError] no task runs
    # @raise [ArgumentError] there is none to wait for, or `return_when` or `timeout` is none of these
    # @raise [TypeError] one is neither a task nor a future, or they are no list
    # @example
    #   done, pending = Librunner.wait(tasks, return_when: :first_completed)
    #   pending.each(&:cancel)
    # @since 0.1
    def wait(awaitables, timeout: nil, return_when: :all_completed)
      engine = Engine.current
      mode = WHEN.fetch(return_when) do
        raise ArgumentError, "return_when: must be one of #{WHEN.keys.inspect}, not #{return_when.inspect}"
      end
      unless awaitables.is_a?(Enumerable)
        raise TypeError, "not a list of tasks and futures: #{awaitables.class}"
      end
      awaitables = awaitables.uniq(&:__id__)
      raise ArgumentError, "there is nothing to wait for" if awaitables.empty?

      engine.awaiting_all(awaitables) do |ids|
        code = engine.wait_ids(ids, mode, engine.nanoseconds(timeout))
        raise Librunner.error_for(code) if code.negative?
      end
      awaitables.partition(&:done?)
    end
  end
end
