# frozen_string_literal: true

module Librunner
  # A deadline for a block, as asyncio.timeout: {Librunner.timeout} and {Librunner.timeout_at} make it.
  # @since 0.1
  class Timeout
    # @api private
    def initialize(engine, op, time)
      @engine = engine
      engine.command!(Core::RUNNER_HOST_TIMEOUT_NEW)
      @id = engine.id
      @open = true
      status = engine.command(op, @id, time)
      return if status.zero?

      release
      raise Librunner.error_for(status)
    end

    class << self
      # Runs a block with a deadline. late: what is raised once it has passed, if not {TimeoutError}.
      # @api private
      def around(op, seconds, late = nil)
        raise ArgumentError, "no block given" unless block_given?

        engine = Engine.current
        timeout = new(engine, op, engine.nanoseconds(seconds))
        begin
          status = 0
          yield timeout
        rescue CancelledError
          status = Core::RUNNER_ECANCELED
          raise
        rescue Exception # rubocop:disable Lint/RescueException
          status = Core::RUNNER_EUSER
          raise
        ensure
          timeout.close(status, late) # also if the block was left by throw, break or a kill
        end
      end
      private :new
    end

    # Moves the deadline.
    # @param time [Numeric, nil] on the clock of {Loop#time}; nil takes it away
    # @return [nil]
    # @raise [InvalidStateError] the block has ended, or the deadline has passed and it was cancelled
    # @raise [WrongThreadError] another thread runs the runner
    def reschedule(time)
      raise Librunner.error_for(@expired ? Core::RUNNER_EEXPIRED : Core::RUNNER_EFINISHED) unless @open

      @engine.command!(Core::RUNNER_HOST_TIMEOUT_RESCHEDULE_AT, @id, @engine.nanoseconds(time))
      nil
    end

    # @return [Float, nil] the deadline on the clock of {Loop#time}; nil if there is none
    def when
      look if @open
      @when == Core::RUNNER_HOST_FOREVER ? nil : @when / 1e9
    end

    # @return [Boolean] whether the deadline has passed while the block ran
    def expired?
      look if @open
      @expired
    end

    def inspect
      "#<#{self.class} #{@open ? "open" : @expired ? "expired" : "finished"}>"
    end

    # The block has ended, with a code.
    # @api private
    def close(status, late = nil)
      return unless Driver.current.equal?(@engine) # in a child process: it is the parent's

      ended = @engine.command(Core::RUNNER_HOST_TIMEOUT_CLOSE, @id, 0, 0, status)
      look
      release
      return if ended == status
      raise(*late) if late && ended == Core::RUNNER_ETIMEDOUT
      raise Librunner.error_for(ended)
    end

    private

    def look
      @engine.command!(Core::RUNNER_HOST_TIMEOUT_STATE, @id)
      @when = @engine.a
      @expired = @engine.b == 1
    end

    def release
      @open = false
      @engine.command(Core::RUNNER_HOST_RELEASE, @id)
    end
  end

  class << self
    # Runs the block, and cancels it at its next wait once the time has passed. `Timeout.timeout` of Ruby
    # does the same in a task, unless the option `scheduler` is off.
    #
    # It raises {TimeoutError} if the block then ends cancelled, and was cancelled for no other reason.
    # @param seconds [Numeric, nil] 0 or less cancels the block at its first wait; nil never
    # @yieldparam timeout [Timeout]
    # @return [Object] the value of the block
    # @raise [TimeoutError] the time has passed
    # @raise [NoTaskError] no task runs
    # @raise [ArgumentError, TypeError] it is no time, or there is no block
    # @raise [Exception] what the block has raised, the very object
    # @example
    #   Librunner.timeout(0.1) { Librunner.sleep(1) }   # raises Librunner::TimeoutError
    def timeout(seconds, &block) = Timeout.around(Core::RUNNER_HOST_TIMEOUT_OPEN, seconds, &block)

    # Does what {timeout} does, with a deadline on the clock of {Loop#time}.
    # @param time [Numeric, nil] nil is no deadline
    # @yieldparam timeout [Timeout]
    # @return [Object] the value of the block
    # @raise [TimeoutError] the time has passed
    # @raise [NoTaskError] no task runs
    # @raise [ArgumentError, TypeError] it is no time, or there is no block
    # @raise [Exception] what the block has raised, the very object
    def timeout_at(time, &block) = Timeout.around(Core::RUNNER_HOST_TIMEOUT_OPEN_AT, time, &block)
  end
end
