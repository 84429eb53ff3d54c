# frozen_string_literal: true

module Librunner
  # What {Lock}, {Event} and their like have in common: something of one runner, that the library knows
  # by its id. It is made by its first use, so that `new` works anywhere, as in asyncio.
  # @api private
  module Construct
    # @private
    def initialize_copy(_other)
      raise TypeError, "can't copy #{self.class}"
    end

    # @return [String] its class, and which one it is
    def inspect = to_s

    private

    # The engine that it belongs to: from its first use on that of the task or callback which runs then.
    def engine
      here = Driver.current
      return @engine if @engine && (here.nil? || here.equal?(@engine))
      raise Librunner.error_for(Core::RUNNER_EFOREIGN) if @engine
      raise Librunner.error_for(Core::RUNNER_ENOTASK) unless here

      id = make(here)
      @handle = here.handle(id) # which is released with this object
      @id = id
      @engine = here
    end

    # Does the command that makes it: its id.
    def made(engine, op, a = 0, b = 0)
      engine.command!(op, 0, a, b)
      engine.id
    end

    # Does a command that never waits: the engine, which has what the command has left.
    def tell(op, a = 0)
      to = engine
      to.command!(op, @id, a)
      to
    end

    # Does a command that may park the running task: the engine, which has the value of the outcome.
    def park(op)
      to = engine
      status = to.wait(op, @id)
      raise Librunner.error_for(status) unless status.zero?
      to
    end

    # A count that was given to `new`.
    def count(name, value, least)
      return value if value.is_a?(Integer) && value.between?(least, 2**63 - 1)
      raise TypeError, "#{name}: must be an Integer, not #{value.inspect}" unless value.is_a?(Integer)
      raise ArgumentError, "#{name}: must be a number from #{least}, not #{value}"
    end
  end
  private_constant :Construct
end
