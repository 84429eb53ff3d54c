# frozen_string_literal: true

module Librunner
  # Lets so many tasks at a time go on, in the order of their coming, as asyncio.Semaphore. Tasks and
  # callbacks of one runner may use it: the one that first does.
  #
  # @example
  #   few = Librunner::Semaphore.new(3)
  #   few.synchronize { Librunner.sleep(0.1) }
  # @since 0.1
  class Semaphore
    include Construct

    # @param value [Integer] how many may acquire it before one has to wait
    # @param bounded [Boolean] whether it cannot be released more often than it was acquired, as
    #   asyncio.BoundedSemaphore
    # @raise [ArgumentError, TypeError] value is no number from 0
    def initialize(value = 1, bounded: false)
      @first = count(:value, value, 0)
      @bounded = bounded ? 1 : 0
    end

    # Lowers the value by one, and waits while it is zero or others came earlier.
    # @return [true]
    # @raise [CancelledError] the task was cancelled, and has acquired nothing
    # @raise [NoTaskError] no task runs
    # @raise [ForeignError] it belongs to another runner
    def acquire
      park(Core::RUNNER_HOST_SEMAPHORE_ACQUIRE)
      true
    end

    # Raises the value by one, or hands it to the task that has waited longest. Any task or callback may
    # do that.
    # @return [nil]
    # @raise [InvalidStateError] a bounded one has its first value already
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] it was never used, and nothing runs in this thread
    # @raise [WrongThreadError] another thread runs the runner
    # @raise [ClosedError] the runner is closed
    def release
      tell(Core::RUNNER_HOST_SEMAPHORE_RELEASE)
      nil
    end

    # @return [Boolean] whether a task that came now would have to wait
    # @raise [Error] as of {#release}
    def locked? = tell(Core::RUNNER_HOST_SEMAPHORE_STATE).b == 1

    # @return [Integer] what is neither acquired nor on its way to a task
    # @raise [Error] as of {#release}
    def value = tell(Core::RUNNER_HOST_SEMAPHORE_STATE).a

    # Runs the block between {#acquire} and {#release}.
    # @return [Object] the value of the block
    # @raise [Error, CancelledError] as of {#acquire} and {#release}
    def synchronize
      acquire
      begin
        yield
      ensure
        release if Driver.current # else in a child process: it is the parent's
      end
    end

    private

    def make(engine) = made(engine, Core::RUNNER_HOST_SEMAPHORE_NEW, @first, @bounded)
  end
end
