# frozen_string_literal: true

module Librunner
  # A value that follows the tasks of a program, as contextvars.ContextVar. A task gets a copy of what its
  # starter has set, and neither sees what the other sets afterwards. Callbacks have what was set where
  # they were scheduled.
  #
  # Each runner has values of its own. A variable is usually made once for a program: a runner remembers
  # every variable that was set in it until it is closed.
  # @example
  #   REQUEST = Librunner::ContextVar.new("request")
  #   Librunner.run do
  #     REQUEST.set(1)
  #     Librunner.spawn { REQUEST.get }.await   # => 1
  #   end
  # @since 0.1
  class ContextVar
    # @return [String] the name that it was made with
    attr_reader :name

    # @param name [String] for people
    # @param default [Object] what {#get} gives where it is not set
    def initialize(name, default = nil)
      @name = String(name)
      @default = default
    end

    # Sets it for the running task or callback, and for what that starts from now on.
    # @param value [Object]
    # @return [Object] the value
    # @raise [NoTaskError] nothing runs in this thread
    def set(value)
      values = in_thread
      values ? values[self] = value : Engine.current.set_variable(self, value)
      value
    end

    # @return [Object] what the running task or callback has set, or has got from its starter; else the
    #   default, also where nothing runs
    def get
      engine = Driver.current
      return in_thread ? in_thread.fetch(self, @default) : @default unless engine

      engine.variable_set?(self) ? engine.peek(engine.b) : @default
    end

    # @return [Boolean] whether it is set for the running task or callback
    def value?
      engine = Driver.current
      engine ? engine.variable_set?(self) : !in_thread.nil? && in_thread.key?(self)
    end

    def inspect = "#<#{self.class} #{@name}>"
    alias to_s inspect

    private

    # The copy that a block of {Librunner.in_thread} has.
    def in_thread = Driver.current ? nil : Thread.current.thread_variable_get(Executor::VARIABLES)
  end

  # A set of variables with their values, as contextvars.Context. A task or run that is started with it
  # runs in it: it sees what was set there, and what it sets stays there for the next one.
  #
  # It belongs to the runner that it is first used with.
  # @since 0.1
  class Context
    # An empty one.
    def initialize
      @handle = @engine = nil
    end

    # @return [Context] a copy of that of the running task or callback
    # @raise [NoTaskError] nothing runs in this thread
    def self.copy
      engine = Engine.current
      new.tap { |context| context.bind(engine, Core::RUNNER_HOST_CONTEXT_COPY) }
    end

    # Its id, for who starts something in it.
    # @api private
    def id_in(engine)
      bind(engine, Core::RUNNER_HOST_CONTEXT_NEW) unless @engine
      raise Librunner.error_for(Core::RUNNER_EFOREIGN) unless @engine.equal?(engine)

      @handle.id
    end

    # @api private
    def bind(engine, op)
      engine.command!(op)
      @handle = engine.handle(engine.id)
      @engine = engine
    end
  end

  class Engine
    def set_variable(variable, value)
      id = variables[variable] ||= new_variable
      slot = keep(value)
      code = command(C::RUNNER_HOST_VAR_SET, id, 0, slot)
      return if code.zero?

      take(slot)
      raise Librunner.error_for(code)
    end

    # Whether it is set where the caller is; then b is the slot of its value.
    def variable_set?(variable)
      id = variables[variable]
      !id.nil? && command(C::RUNNER_HOST_VAR_GET, id).zero?
    end

    # Those that are set where the caller is, with their values.
    def variables_now
      variables.each_key.select { |variable| variable_set?(variable) }
        .to_h { |variable| [variable, variable.get] }.compare_by_identity
    end

    private

    # The ids of variables that were set.
    def variables = @variables ||= {}.compare_by_identity

    def new_variable
      command!(C::RUNNER_HOST_VAR_NEW)
      id
    end
  end
end
