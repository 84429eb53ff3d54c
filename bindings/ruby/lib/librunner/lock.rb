# frozen_string_literal: true

module Librunner
  # Lets one task at a time go on, in the order of their coming, as asyncio.Lock. It may be held across
  # waits. Tasks and callbacks of one runner may use it: the one that first does.
  #
  # @example
  #   lock = Librunner::Lock.new
  #   lock.synchronize { Librunner.sleep(0.1) }
  # @since 0.1
  class Lock
    include Construct

    # Takes the lock, and waits while another task has it or came earlier. It is not recursive: a task
    # that takes it twice waits for itself.
    # @return [true]
    # @raise [CancelledError] the task was cancelled, and does not have the lock
    # @raise [NoTaskError] no task runs
    # @raise [ForeignError] it belongs to another runner
    def acquire
      park(Core::RUNNER_HOST_LOCK_ACQUIRE)
      true
    end

    # Gives the lock to the task that has waited longest, or frees it. Any task or callback may do that.
    # @return [nil]
    # @raise [InvalidStateError] nobody holds it
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] it was never used, and nothing runs in this thread
    # @raise [WrongThreadError] another thread runs the runner
    # @raise [ClosedError] the runner is closed
    def release
      tell(Core::RUNNER_HOST_LOCK_RELEASE)
      nil
    end

    # A task to which it was handed, and which has not run yet, does not hold it.
    # @return [Boolean] whether a task holds the lock
    # @raise [Error] as of {#release}
    def locked? = tell(Core::RUNNER_HOST_LOCK_STATE).b == 1

    # Runs the block while the running task holds the lock.
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

    # Its id, for a condition.
    # @api private
    def id_in(engine)
      raise Librunner.error_for(Core::RUNNER_EFOREIGN) unless self.engine.equal?(engine)
      @id
    end

    private

    def make(engine) = made(engine, Core::RUNNER_HOST_LOCK_NEW)
  end
end
