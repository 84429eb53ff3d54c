# frozen_string_literal: true

module Librunner
  # Where tasks that share a lock wait until another one says that something has changed, as
  # asyncio.Condition. Tasks and callbacks of one runner may use it: the one that first does.
  #
  # @example
  #   changed = Librunner::Condition.new
  #   items = []
  #   Librunner.spawn { changed.synchronize { items << 1; changed.notify } }
  #   changed.synchronize { changed.wait_for { items.any? } }
  # @since 0.1
  class Condition
    include Construct

    # @return [Lock] its lock: what follows is done while holding it
    attr_reader :lock

    # @param lock [Lock, nil] that several conditions may share; nil makes one
    # @raise [TypeError] it is no lock
    def initialize(lock = nil)
      raise TypeError, "lock: must be a Lock, not #{lock.inspect}" unless lock.nil? || lock.is_a?(Lock)

      @lock = lock || Lock.new
    end

    # Releases the lock, waits to be notified, and takes the lock again. The lock is held afterwards,
    # also if this raises, but for {InvalidStateError}: nobody held it before.
    #
    # What was waited for may have changed meanwhile, so wait in a loop, or with {#wait_for}.
    # @return [true]
    # @raise [CancelledError] the task was cancelled
    # @raise [InvalidStateError] nobody holds the lock
    # @raise [NoTaskError] no task runs
    # @raise [ForeignError] it belongs to another runner
    def wait
      park(Core::RUNNER_HOST_CONDITION_WAIT)
      true
    end

    # Waits, as {#wait} does, until the block is true. It is called while the lock is held, at first
    # before any wait.
    # @yieldreturn [Object] whether to go on
    # @return [Object] what the block was at last
    # @raise [Error, CancelledError] as of {#wait}
    # @raise [ArgumentError] there is no block
    def wait_for
      raise ArgumentError, "no block given" unless block_given?

      until (found = yield)
        wait
      end
      found
    end

    # Wakes tasks that wait, in the order of their coming. Each goes on once it has the lock, which this
    # does not release.
    # @param n [Integer] how many at most
    # @return [nil]
    # @raise [InvalidStateError] nobody holds the lock
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] it was never used, and nothing runs in this thread
    # @raise [WrongThreadError] another thread runs the runner
    # @raise [ClosedError] the runner is closed
    # @raise [ArgumentError, TypeError] n is no number from 0
    def notify(n = 1)
      tell(Core::RUNNER_HOST_CONDITION_NOTIFY, count(:n, n, 0))
      nil
    end

    # Wakes every task that waits, as {#notify} does.
    # @return [nil]
    # @raise [Error] as of {#notify}
    def notify_all
      tell(Core::RUNNER_HOST_CONDITION_NOTIFY, -1)
      nil
    end

    # Runs the block while the running task holds the lock.
    # @return [Object] the value of the block
    # @raise [Error, CancelledError] as of {Lock#acquire} and {Lock#release}
    def synchronize(&block) = @lock.synchronize(&block)

    private

    def make(engine) = made(engine, Core::RUNNER_HOST_CONDITION_NEW, @lock.id_in(engine))
  end
end
