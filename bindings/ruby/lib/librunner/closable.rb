# frozen_string_literal: true

module Librunner
  # Something that is closed when its runner is: {Librunner.register} makes it.
  # @since 0.1
  class Closable
    include Droppable

    # @return [String, nil] for reports
    attr_reader :name

    # @api private
    def initialize(engine, name, block)
      @engine = engine
      @name = name
      @block = block
      @id = engine.register(self, name)
    end

    # Takes the registration back: it will not be closed. It is for tasks and callbacks of its runner, and
    # for anybody while that does not run.
    # @return [Boolean] false if it is closed, being closed, or was taken back
    # @raise [WrongThreadError] another thread runs the runner
    def unregister = !@id.nil? && @engine.unregister(@id)

    def inspect = "#<#{self.class}#{" #{@name}" if @name}>"
    alias to_s inspect

    # What the closing task does.
    # @api private
    def close_now = @block.call

    # It is through, or was taken back.
    # @api private
    def dropped
      @engine.drop_closable(@id)
      @id = @block = nil
    end
  end

  class Engine
    # Has something closed at shutdown, by its `close_now` in a task of its own; `dropped` is told last.
    # The id of the registration.
    def register(closable, name = nil)
      slot = keep(closable)
      code = command(C::RUNNER_HOST_CLOSABLE_REGISTER, 0, 0, slot)
      id = self.id # at once: a handler of a signal may give commands, too
      if code.negative?
        take(slot)
        raise Librunner.error_for(code)
      end
      tell_name(id, name) if name
      exception if @closing # it may be too late for it, which is reported before all else
      id
    end

    # Whether it was taken back.
    def unregister(id)
      code = command(C::RUNNER_HOST_CLOSABLE_UNREGISTER, id)
      return code.zero? if code.zero? || code == C::RUNNER_EDONE || code == C::RUNNER_ECLOSED

      raise Librunner.error_for(code)
    end

    # It has no id where an error of another thread came before it was told.
    def drop_closable(id)
      command(C::RUNNER_HOST_RELEASE, id) if id
    end
  end

  class << self
    # Has a block run when the runner is closed: what asyncio does for asynchronous generators, for
    # everything that has to wait while it closes.
    #
    # The block runs as a task, after all tasks have ended and before threads are waited for, at the same
    # time as those of other closables, which begin in the order in which they were registered. What it
    # raises is reported, and disturbs no other.
    # @param name [#to_s, nil] for reports
    # @yieldreturn [void]
    # @return [Closable]
    # @raise [NoTaskError] nothing runs in this thread
    # @raise [ArgumentError] there is no block, or the name has a null byte
    # @example
    #   connection = connect
    #   Librunner.register("connection") { connection.say_goodbye }
    # @since 0.1
    def register(name = nil, &block)
      raise ArgumentError, "no block given" unless block

      Closable.new(Engine.current, Engine.text(name), block)
    end
  end
end
