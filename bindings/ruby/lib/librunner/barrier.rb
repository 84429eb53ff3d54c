# frozen_string_literal: true

module Librunner
  # Where a number of tasks wait for each other, as asyncio.Barrier. Tasks and callbacks of one runner
  # may use it: the one that first does.
  #
  # @example
  #   barrier = Librunner::Barrier.new(2)
  #   Librunner.spawn { barrier.wait }
  #   barrier.wait   # => 0 or 1
  # @since 0.1
  class Barrier
    include Construct

    # @return [Integer] how many tasks it takes to pass
    attr_reader :parties

    # @param parties [Integer] how many tasks pass together
    # @raise [ArgumentError, TypeError] parties is no number from 1
    def initialize(parties)
      @parties = count(:parties, parties, 1)
    end

    # Waits until as many tasks wait as the barrier has parties. Then it can be used again.
    # @return [Integer] a number that no other task of this passing has, from 0
    # @raise [BrokenBarrierError] it was aborted, or reset while the task waited
    # @raise [CancelledError] the task was cancelled
    # @raise [NoTaskError] no task runs
    # @raise [ForeignError] it belongs to another runner
    def wait = park(Core::RUNNER_HOST_BARRIER_WAIT).b

    # Makes the barrier as new. Who waits at it gets a {BrokenBarrierError}.
    # @return [nil]
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] it was never used, and nothing runs in this thread
    # @raise [WrongThreadError] another thread runs the runner
    # @raise [ClosedError] the runner is closed
    def reset
      tell(Core::RUNNER_HOST_BARRIER_RESET)
      nil
    end

    # Breaks the barrier: who waits at it, and whoever comes, gets a {BrokenBarrierError} until it is
    # reset.
    # @return [nil]
    # @raise [Error] as of {#reset}
    def abort
      tell(Core::RUNNER_HOST_BARRIER_ABORT)
      nil
    end

    # @return [Integer] how many tasks wait for the others
    # @raise [Error] as of {#reset}
    def waiting = tell(Core::RUNNER_HOST_BARRIER_STATE).a

    # @return [Boolean] whether the barrier is broken
    # @raise [Error] as of {#reset}
    def broken? = tell(Core::RUNNER_HOST_BARRIER_STATE).b == 1

    private

    def make(engine) = made(engine, Core::RUNNER_HOST_BARRIER_NEW, @parties)
  end
end
