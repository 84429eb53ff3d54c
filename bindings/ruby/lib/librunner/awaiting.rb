# frozen_string_literal: true

module Librunner
  module Outcome
    # @api private
    attr_reader :engine

    # The id by which the library knows it, or nil: it does not any more.
    # @api private
    def known_id = (@id if status.nil? || @handle)

    # Its value, or the error that it has ended with, which is given to somebody now.
    # @api private
    def value_or_error
      case status
      when 0 then @value
      when Core::RUNNER_ECANCELED then @error || CancelledError.new(cancelled_message)
      else taken
      end
    end

    # The library takes its error, now or later, and will not report it.
    # @api private
    def given; end

    # Has a future of the library end as this has.
    # @api private
    def settle_like(id)
      return @engine.command!(Core::RUNNER_HOST_RESOLVE, id) if status.zero?
      return @engine.command!(Core::RUNNER_HOST_CANCEL, id) if cancelled?

      @engine.command!(Core::RUNNER_HOST_REJECT, id, 0, @id, status)
    end

    # @api private
    attr_reader :error
  end

  class Engine
    # Checks that it is a task or future of this runner.
    def object(awaitable)
      unless Outcome === awaitable
        kind = Kernel.instance_method(:class).bind_call(awaitable)
        raise TypeError, "not a Task or Future: #{kind}"
      end
      raise Librunner.error_for(C::RUNNER_EFOREIGN) unless equal?(awaitable.engine)

      awaitable
    end

    # Gives the block the id that stands for a task or future.
    def awaiting(awaitable)
      awaiting_all([awaitable]) { |ids| yield ids.first }
    end

    # Gives the block the ids that stand for tasks and futures: their own while the library knows them,
    # else those of futures that have ended likewise. What stands twice among them has one id.
    def awaiting_all(awaitables)
      awaitables.each { |awaitable| object(awaitable) }
      made = {}.compare_by_identity
      lent = []
      yield(awaitables.map do |awaitable|
        awaitable.known_id || made[awaitable] ||= stand_in(awaitable, lent)
      end)
    ensure
      made&.each_value do |id|
        command(C::RUNNER_HOST_RESULT, id) # it is known already
        command(C::RUNNER_HOST_RELEASE, id)
      end
      lent&.each { |id| @failures.delete(id) }
    end

    # Raises the cancel that a wait for tasks and futures has ended with. The library carries the message
    # of a cancel of a task, but not of a future.
    def tell_cancel(error, awaitables)
      if Librunner.text_of(error) == CANCELLED
        by = awaitables.find { |it| it.cancelled? && it.error && Librunner.text_of(it.error) != CANCELLED }
        raise CancelledError, Librunner.text_of(by.error), cause: nil if by
      end
      raise error
    end

    private

    # A future of the library that has ended as a task or future of Ruby. lent: ids whose errors are to be
    # forgotten after the use.
    def stand_in(outcome, lent)
      command!(C::RUNNER_HOST_FUTURE_NEW)
      id = self.id
      own = outcome.handle_id
      if outcome.failed? && !@failures.key?(own)
        @failures[own] = outcome.error
        lent << own
      end
      outcome.settle_like(id)
      id
    end
  end
end
