# frozen_string_literal: true

module Librunner
  # A flag that tasks wait for, as asyncio.Event; at first it is not set. Tasks and callbacks of one
  # runner may use it: the one that first does.
  #
  # @example
  #   ready = Librunner::Event.new
  #   Librunner.spawn { ready.wait; puts "go" }
  #   ready.set
  # @since 0.1
  class Event
    include Construct

    # Sets the flag and wakes every task that waits for it, in the order of their coming.
    # @return [nil]
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] it was never used, and nothing runs in this thread
    # @raise [WrongThreadError] another thread runs the runner
    # @raise [ClosedError] the runner is closed
    def set
      tell(Core::RUNNER_HOST_EVENT_SET)
      nil
    end

    # Clears the flag: who waits from now on waits for the next {#set}. Who was woken goes on.
    # @return [nil]
    # @raise [Error] as of {#set}
    def clear
      tell(Core::RUNNER_HOST_EVENT_CLEAR)
      nil
    end

    # @return [Boolean] whether the flag is set
    # @raise [Error] as of {#set}
    def set? = tell(Core::RUNNER_HOST_EVENT_IS_SET).b == 1

    # Waits until the flag is set; not at all if it is.
    # @return [true]
    # @raise [CancelledError] the task was cancelled
    # @raise [NoTaskError] no task runs
    # @raise [ForeignError] it belongs to another runner
    def wait
      park(Core::RUNNER_HOST_EVENT_WAIT)
      true
    end

    private

    def make(engine) = made(engine, Core::RUNNER_HOST_EVENT_NEW)
  end
end
