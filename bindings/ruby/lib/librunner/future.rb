# frozen_string_literal: true

module Librunner
  # A result that is settled once, by hand, with any number of waiters: {Loop#create_future} makes it.
  #
  # Its methods are for tasks and callbacks of its runner and, while nothing runs, for anybody, unless they
  # say so.
  # @example
  #   answer = Librunner.current_loop.create_future
  #   Librunner.spawn { answer.resolve(42) }
  #   answer.await   # => 42
  # @since 0.1
  class Future
    include Outcome

    # @api private
    def initialize(engine)
      engine.command!(Core::RUNNER_HOST_FUTURE_NEW)
      @id = engine.id
      @handle = engine.handle(@id)
      @engine = engine
    end

    # Settles it with a value.
    # @param value [Object]
    # @return [nil]
    # @raise [InvalidStateError] it is settled
    # @raise [ClosedError] its runner is closed
    # @raise [WrongThreadError] another thread runs its runner
    def resolve(value = nil)
      order(Core::RUNNER_HOST_RESOLVE)
      @value = value
      @status = 0
      nil
    end

    # Settles it with an error. If nobody takes that, it is reported.
    # @param error [Exception] a {CancelledError} cancels it
    # @return [nil]
    # @raise [InvalidStateError] it is settled
    # @raise [TypeError] it is no exception
    # @raise [ClosedError] its runner is closed
    # @raise [WrongThreadError] another thread runs its runner
    def reject(error)
      raise TypeError, "not an exception: #{error.class}" unless error.is_a?(Exception)

      if error.is_a?(CancelledError)
        order(Core::RUNNER_HOST_CANCEL)
        return settle(Core::RUNNER_ECANCELED, error)
      end
      order(Core::RUNNER_HOST_REJECT, @id, Core::RUNNER_EUSER)
      @engine.failures[@id] = error unless @given
      settle(Core::RUNNER_EUSER, error)
    end

    # Settles it as cancelled: whoever waits for it is given a {CancelledError}, and is not cancelled
    # itself.
    # @param message [#to_s, nil] of the {CancelledError}
    # @return [Boolean] false if it is settled
    # @raise [WrongThreadError] another thread runs its runner
    def cancel(message = nil)
      return false if done?

      message = String(message) if message
      code = @engine.command(Core::RUNNER_HOST_CANCEL, @id)
      raise Librunner.error_for(code) if code.negative?

      settle(Core::RUNNER_ECANCELED, CancelledError.new(message || Engine::CANCELLED))
      true
    end

    # Waits until it is settled, and gives its value. It does not wait if it is settled.
    #
    # If the waiting task is cancelled, the cancel is handed on: the future is cancelled.
    # {Librunner.shield} keeps it from that.
    # @return [Object]
    # @raise [CancelledError] it, or the task that waits, was cancelled
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] it is not settled, and no task waits
    # @raise [Exception] what it was rejected with, the very object
    def await
      return result if done?

      engine = Engine.current
      raise Librunner.error_for(Core::RUNNER_EFOREIGN) unless engine.equal?(@engine)

      code = engine.wait(Core::RUNNER_HOST_AWAIT, @id)
      raise Librunner.error_for(code) unless done?

      result
    rescue CancelledError => e
      refresh(e) unless @status
      @engine.tell_cancel(e, [self])
    end

    def inspect
      state = case status
      when nil then "pending"
      when 0 then "done"
      when Core::RUNNER_ECANCELED then "cancelled"
      else "failed: #{@error.class}"
      end
      "#<#{self.class} #{state}>"
    end
    alias to_s inspect

    # @api private
    def handle_id = @id

    # @api private
    def given
      @given = true
      @engine.failures.delete(@id) # no event says that it is gone, as of a task
    end

    private

    # The library may have cancelled it, together with a task that has waited for it.
    def status = @status || refresh

    # Those who may not ask see what was. error: of who waited for it.
    def refresh(error = nil)
      return settle_closed if @engine.closed?
      return if @engine.thread && @engine.thread != Thread.current
      return unless @engine.command(Core::RUNNER_HOST_STATUS, @id) == Core::RUNNER_ECANCELED

      settle(Core::RUNNER_ECANCELED, error || CancelledError.new(Engine::CANCELLED))
      @status
    end

    # Nobody can settle it any more.
    def settle_closed
      settle(Core::RUNNER_ECANCELED, CancelledError.new(Core.runner_strerror(Core::RUNNER_ECLOSED)))
      @status
    end

    def settle(status, error)
      @status = status
      @error = error
      nil
    end

    # Has the library settle it.
    def order(op, value = 0, status = 0)
      raise Librunner.error_for(Core::RUNNER_EDONE) if @status

      code = @engine.command(op, @id, 0, value, status)
      raise Librunner.error_for(code) if code.negative?
    end

    def taken
      @engine.failures.delete(@id) if @handle
      super
    end
  end
end
