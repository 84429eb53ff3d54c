# frozen_string_literal: true

module Librunner
  # An asynchronous generator: a block that yields values to the task that asks for the next one. What an
  # `async def` with `yield` is in Python.
  #
  # The block runs as a part of whichever task asks: its waits are that task's waits, and a cancel reaches
  # it there. It begins with the first {#next} or {#each}, and stands in `y << value` until the next value
  # is asked for. It has a fiber of its own, so that fiber-local variables are not those of who asks.
  #
  # One that was begun and is neither exhausted nor closed is kept, and is closed when its runner is, as a
  # {Closable}. An `Enumerator` may wait in its block just as well, but nobody closes that.
  #
  # @example
  #   ticks = Librunner::Generator.new do |y|
  #     3.times { |i| Librunner.sleep(1); y << i }
  #   ensure
  #     Librunner.sleep(1)   # it may wait also when it is closed
  #   end
  #   ticks.each { |i| break if i == 1 }   # closes it
  # @since 0.1
  class Generator
    include Enumerable
    include Droppable

    # What the block of a {Generator} gives its values to.
    # @since 0.1
    class Yielder
      # @api private
      def initialize(generator)
        @generator = generator
      end

      # Gives a value to the task that has asked for one, and stands there until the next is asked for. When
      # the generator is closed, it does not return: `ensure` clauses run, and the block is left.
      # @param value [Object]
      # @return [Yielder] itself
      # @raise [FiberError] called outside of the block of its generator
      def <<(value)
        @generator.give(value)
        self
      end

      # The same as {#<<}, with the value as an argument.
      # @param value [Object]
      # @return [nil]
      # @raise [FiberError] called outside of the block of its generator
      def yield(value)
        @generator.give(value)
        nil
      end

      # @return [Proc] that does what {#yield} does, for `each(&y)`
      def to_proc = method(:yield).to_proc
    end

    # What is given in place of a value.
    OVER = Object.new.freeze
    private_constant :OVER

    # The block is not begun yet. It belongs to the runner of the first task that asks.
    # @yieldparam y [Yielder]
    # @raise [ArgumentError] there is no block
    def initialize(&block)
      raise ArgumentError, "no block given" unless block

      @block = block
      @state = :new
    end

    # Runs the block to its next value.
    # @return [Object] the value
    # @raise [StopIteration] there is none: the block has ended, now or earlier
    # @raise [Exception] what the block has raised, the very object, once
    # @raise [CancelledError] the task was cancelled, while the block waited
    # @raise [BusyError] the block runs already, in this or another task
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] no task runs
    def next
      value = advance
      raise StopIteration, "the generator is over" if OVER.equal?(value)

      value
    end

    # Gives the values that are left. A loop that is left early, by `break` or an error, closes the
    # generator; so do the methods of Enumerable that do not need all values, such as `first`.
    # @yieldparam value [Object]
    # @return [Generator, Enumerator] itself; without a block an enumerator
    # @raise [Exception] as {#next} and {#close}
    def each
      return enum_for(:each) unless block_given?

      begin
        until OVER.equal?(value = advance)
          yield value
        end
      ensure
        close if @state == :suspended
      end
      self
    end

    # Has the block left at the `<<` where it stands, and lets its `ensure` clauses run, which may wait.
    # Nothing happens if it was not begun, or is over.
    # @return [nil]
    # @raise [Error] the block has given another value in place of ending
    # @raise [Exception] what an `ensure` clause has raised
    # @raise [CancelledError] the task was cancelled, while the block waited
    # @raise [BusyError] the block runs, in this or another task
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] no task runs
    def close
      return over if @state == :new
      return if @state == :over

      enter
      raise Librunner.error_for(Core::RUNNER_EIGNORED) unless OVER.equal?(run(true))
    end

    # @return [Boolean] whether it has no further value: the block has ended, or it was closed
    def over? = @state == :over

    def inspect = "#<#{self.class} #{@state}>"
    alias to_s inspect

    # `<<` in the block.
    # @api private
    def give(value)
      unless Fiber.current.equal?(@fiber)
        raise FiberError, "a value was given outside of the block of its generator"
      end

      throw self if Fiber.yield(value)
    end

    # What shutdown does with it. A block that runs in a task which was given up never goes on.
    # @api private
    def close_now
      return if @state == :running && @asker.done?

      @missed = @state == :running
      close
    end

    # Shutdown is through with it. A block that would not end is given up; one that ran meanwhile has
    # another turn.
    # @api private
    def dropped
      @engine.drop_closable(@id)
      @id = nil
      return unless @state == :suspended

      @missed ? registered : over
    end

    private

    # The next value, or OVER.
    def advance
      return OVER if @state == :over

      enter
      @engine ||= Engine.current
      @fiber ||= body
      registered
      value = run(false)
      registered unless OVER.equal?(value) # shutdown came while the block waited, and has to come again
      value
    end

    def registered = @id ||= @engine.register(self, "generator")

    # There has to be a task that may run the block now.
    def enter
      engine = Engine.current
      raise Librunner.error_for(Core::RUNNER_ENOTASK) unless engine.running
      raise Librunner.error_for(Core::RUNNER_EFOREIGN) if @engine && !engine.equal?(@engine)
      raise Librunner.error_for(Core::RUNNER_EBUSY, "the generator runs already") if @state == :running
    end

    # Lets the block go on until it gives a value or ends.
    def run(closing)
      @state = :running
      @asker = @engine.running
      @fiber.resume(closing)
    ensure
      @asker = nil
      stopped
    end

    def stopped
      if !@begun # there is no stack for its fiber, which is of no use any more
        @fiber = nil
        @state = :new
      elsif @fiber.alive?
        @state = :suspended
      else
        over
      end
    end

    # A throw leaves the block at a close: it runs what has to run, and nothing in the block can rescue it.
    def body
      Fiber.new do
        @begun = true
        catch(self) { @block.call(Yielder.new(self)) }
        OVER
      end
    end

    def over
      @state = :over
      @fiber = @block = nil
      @engine.unregister(@id) if @id # false while it is being closed
      nil
    end
  end
end
