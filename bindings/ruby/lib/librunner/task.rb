# frozen_string_literal: true

module Librunner
  # A block that runs on a runner, with an outcome: {Librunner.spawn} and {TaskGroup#spawn} make it.
  #
  # Its methods are for tasks and callbacks of its runner, unless they say so.
  # @since 0.1
  class Task
    include Outcome

    # @return [Integer] its number among those of its runner, from 1
    attr_reader :number
    alias id number

    # @api private
    def initialize(engine, block, name)
      @engine = engine
      @block = block
      @name = name
      # In one order for all: Ruby finds the variables of few shapes faster.
      @id = @number = @value = @status = @error = @handle = @cancel_message = @lent = @site = nil
    end

    # The task that runs now.
    # @return [Task, nil] nil outside of tasks
    def self.current = Driver.current&.running

    # The tasks of the running runner that are not done.
    # @return [Array<Task>] in the order of their numbers
    def self.all = Engine.current.tasks.sort_by(&:number)

    # @return [String] the name that it was given, or one made of its number
    def name = @name || "Task-#{@number}"

    # @param name [#to_s, nil] for reports and for people; nil takes it back
    def name=(name)
      name = Engine.text(name)
      @engine.tell_name(@id, name) unless @status
      @name = name
    end

    # Waits until the task is done, and gives its value. It does not wait if the task is done.
    #
    # If the waiting task is cancelled, the cancel is handed on: this task is cancelled first.
    # {Librunner.shield} keeps it from that. After the timeout this task is cancelled, too.
    # @param timeout [Numeric, nil] longest time in seconds; nil is without limit
    # @return [Object] the value of its block
    # @raise [CancelledError] this task, or the one that waits, was cancelled
    # @raise [TimeoutError] the time is over
    # @raise [InvalidStateError] it is the running task itself
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] it is not done, and no task waits
    # @raise [Exception] what its block has raised, the very object
    def await(timeout: nil)
      return result if @status

      engine = Engine.current
      raise Librunner.error_for(Core::RUNNER_EFOREIGN) unless engine.equal?(@engine)
      status = if timeout.nil?
        engine.wait(Core::RUNNER_HOST_AWAIT, @id)
      else
        engine.wait(Core::RUNNER_HOST_AWAIT_FOR, @id, engine.nanoseconds(timeout))
      end
      return @value if status.zero?
      raise Librunner.error_for(status) unless status == Core::RUNNER_EUSER

      result
    rescue CancelledError => e
      @engine.tell_cancel(e, [self])
    end

    # Asks the task to end: what it waits for raises {CancelledError}, or, if it waits for nothing, its
    # next wait. The task may clean up, wait meanwhile, and go on in spite of it.
    # @param message [#to_s, nil] of the {CancelledError}
    # @return [Boolean] false if it is done
    def cancel(message = nil)
      return false if @status

      message = String(message) if message
      before = @cancel_message
      @cancel_message = message if message || before
      taken = @engine.command(Core::RUNNER_HOST_CANCEL, @id, 0, message ? @id : 0)
      return true if taken.zero?

      @cancel_message = before if before
      return false if taken == Core::RUNNER_EDONE
      raise Librunner.error_for(taken)
    end

    # @return [Integer] how many cancels were requested and not taken back
    def cancelling
      return 0 if @status

      @engine.command!(Core::RUNNER_HOST_CANCELLING, @id)
      @engine.b
    end

    # Takes one cancel back. Who goes on in spite of a cancel says so by it.
    # @return [Integer] how many are left
    def uncancel
      return 0 if @status

      @engine.command!(Core::RUNNER_HOST_UNCANCEL, @id)
      @engine.b
    end

    # Where it waits.
    # @return [Array<String>, nil] nil if it is done, or has not begun
    def backtrace
      lines = @engine.fiber(@id)&.backtrace unless @status
      lines unless lines.nil? || lines.empty?
    end

    def inspect
      state = case @status
      when nil then "pending"
      when 0 then "done"
      when Core::RUNNER_ECANCELED then "cancelled"
      else "failed: #{@error.class}"
      end
      "#<#{self.class} #{name} #{state}>"
    end
    alias to_s inspect

    # @api private
    attr_reader :cancel_message

    # @api private
    attr_accessor :lent, :site

    # @api private
    def numbered(number)
      @number = number
      self
    end

    # @api private
    def named? = !@name.nil?

    # @api private
    def handle_id = @id

    # It has ended.
    # @api private
    def settle(status, error = nil, handle = nil)
      @status = status
      return if status.zero?

      @value = nil
      @error = error
      @handle = handle
    end

    # Nothing but the block of the task can raise here, and nothing gets out but Thread#kill. False if it
    # has raised.
    # @api private
    def body
      block = @block
      @block = nil
      status = Core::RUNNER_ECANCELED # of a thread that is killed
      @value = block.call(self)
      status = 0
      true
    rescue CancelledError => error
      false
    rescue Exception => error # rubocop:disable Lint/RescueException
      status = Core::RUNNER_EUSER
      false
    ensure
      @engine.finish(self, @id, status, error)
    end
  end
end
