# frozen_string_literal: true

module Librunner
  # The loop of a runner: for callbacks, which do not wait, and for other threads. {Runner#loop} and
  # {Librunner.current_loop} give it.
  #
  # Its methods are for tasks and callbacks of its runner and, while nothing runs, for anybody, unless
  # they say so. What a callback raises is reported, and disturbs nothing else, unless it is SystemExit or
  # a SignalException, Interrupt among them: these end the run.
  # @since 0.1
  class Loop
    # The most nanoseconds that the library counts, 292 years.
    FAR = (2.0**63).prev_float
    private_constant :FAR

    # @api private
    def initialize(engine)
      @engine = engine
    end

    # Has a callback called in the next iteration, after what is ready.
    # @param callable [#call, nil] in place of the block
    # @return [nil]
    # @raise [ArgumentError] there is no callback
    # @raise [ClosedError] the runner is closed
    # @raise [WrongThreadError] another thread runs the runner: use {#call_soon_threadsafe}
    def call_soon(callable = nil, &block)
      keep(callback(callable, block)) do |slot|
        @engine.command(Core::RUNNER_HOST_CALL_SOON, 0, 0, slot)
      end
      nil
    end

    # Has a callback called later. Those of one time are called in the order in which they were asked for.
    # @param seconds [Numeric] from now; 0 or less is due now, and ordered by the time
    # @param callable [#call, nil] in place of the block
    # @return [Timer]
    # @raise [ArgumentError] there is no callback, or no such time
    # @raise [ClosedError] the runner is closed
    # @raise [WrongThreadError] another thread runs the runner
    def call_later(seconds, callable = nil, &block)
      call(Core::RUNNER_HOST_CALL_LATER, nanoseconds(seconds), callback(callable, block))
    end

    # Has a callback called at a time of the loop's clock, {#time}.
    # @param time [Numeric]
    # @param callable [#call, nil] in place of the block
    # @return [Timer]
    # @raise [ArgumentError] there is no callback, or no such time
    # @raise [ClosedError] the runner is closed
    # @raise [WrongThreadError] another thread runs the runner
    def call_at(time, callable = nil, &block)
      call(Core::RUNNER_HOST_CALL_AT, time_nanoseconds(time), callback(callable, block))
    end

    # {#call_soon} for any thread, and for handlers of signals. What was accepted is called, or the runner
    # is closed before: then, if the callback responds to `dropped`, that is called.
    # @param callable [#call, nil] in place of the block
    # @return [nil]
    # @raise [ArgumentError] there is no callback
    # @raise [ClosedError] the runner is closed: the callback is not called
    # @raise [ForkError] the runner was made in the parent process
    def call_soon_threadsafe(callable = nil, &block)
      callable = callback(callable, block)
      callable = Posted.new(@engine, callable) if callable.respond_to?(:dropped)
      keep(callable) { |slot| @engine.post(slot) }
      nil
    end

    # @return [Float] the loop's clock, in seconds. It has nothing to do with the time of day
    # @raise [WrongThreadError] another thread runs the runner
    def time = @engine.time_ns / 1e9

    # @return [Future] a new one
    # @raise [ClosedError] the runner is closed
    # @raise [WrongThreadError] another thread runs the runner
    def create_future = Future.new(@engine)

    # @return [Boolean] whether debug mode is on
    def debug? = Core.runner_debug(@engine.core) == 1

    # Ends the run after this iteration: its main task stays where it is, and {Runner#run} raises an
    # {Error}.
    # @return [nil]
    # @raise [Error] nothing runs
    # @raise [WrongThreadError] another thread runs the runner
    def stop
      @engine.command!(Core::RUNNER_HOST_STOP)
      nil
    end

    # Says that something which the loop does not know of will call {#call_soon_threadsafe}: until the hold
    # ends, tasks that wait with nothing else to wake them are no deadlock. Any thread may call it.
    # @yield the hold lasts as long as the block
    # @return [Object] the value of the block; without one a Proc, to be called once by any thread, that
    #   ends the hold
    # @raise [ClosedError] the runner is closed
    def hold
      release = @engine.hold
      return release unless block_given?

      begin
        yield
      ensure
        release.call
      end
    end

    def inspect = "#<#{self.class}#{" closed" if @engine.closed?}>"
    alias to_s inspect

    private

    def callback(callable, block)
      callable = block if callable.nil?
      return callable if callable.respond_to?(:call)
      raise ArgumentError, callable.nil? ? "no block given" : "not a callback: #{callable.class}"
    end

    # Gives the block the slot of a value that the library carries, unless it refuses.
    def keep(value)
      slot = @engine.keep(value)
      code = yield slot
      accepted = code.zero?
      raise Librunner.error_for(code) unless accepted
    ensure
      @engine.take(slot) unless accepted
    end

    def call(op, nanoseconds, callable)
      timer = Timer.new(@engine, callable)
      keep(timer) { |slot| @engine.command(op, 0, nanoseconds, slot) }
      timer.made(@engine.id)
    end

    # As those of a sleep, but it may lie in the past.
    def nanoseconds(seconds)
      return @engine.nanoseconds(seconds) if seconds.is_a?(Numeric) && seconds.real? && seconds >= 0

      time_nanoseconds(seconds)
    end

    def time_nanoseconds(seconds)
      unless seconds.is_a?(Numeric) && seconds.real? && !seconds.to_f.nan?
        raise ArgumentError, "must be a time in seconds, not #{seconds.inspect}"
      end
      (seconds.to_f * 1e9).clamp(-FAR, FAR).round
    end
  end

  # A callback that is called later: {Loop#call_later} and {Loop#call_at} make it.
  # @since 0.1
  class Timer
    include Droppable

    # @api private
    def initialize(engine, callable)
      @engine = engine
      @callable = callable
      @cancelled = false
    end

    # Takes it back: the callback is not called.
    # @return [Boolean] false if it was called or taken back before, or the runner is closed
    # @raise [WrongThreadError] another thread runs the runner
    def cancel
      return false unless @callable

      taken = @engine.command(Core::RUNNER_HOST_TIMER_CANCEL, @id).zero?
      @cancelled = taken
      release
      taken
    end

    # @return [Boolean] whether it was taken back
    def cancelled? = @cancelled

    def inspect
      "#<#{self.class} #{@cancelled ? "cancelled" : @callable ? "pending" : "over"}>"
    end
    alias to_s inspect

    # @api private
    def made(id)
      @id = id
      self
    end

    # @api private
    def call
      callable = @callable
      release
      callable&.call
    end

    # @api private
    def dropped
      release if @callable
    end

    private

    def release
      @callable = nil
      @engine.command(Core::RUNNER_HOST_RELEASE, @id) if @id # none if an error of another thread came before it
    end
  end

  # A callback of another thread that wants to be told if it is not called.
  # @api private
  class Posted
    include Droppable

    def initialize(engine, callable)
      @engine = engine
      @callable = callable
    end

    def call = @callable.call

    # With what happens if it raises.
    def dropped = @engine.called(@engine.keep(@callable.method(:dropped)))
  end
  private_constant :Posted

  class Engine
    # The loop of the runner, which is there now; it is the same at all times.
    def loop_object
      use unless @used || running?
      @used = true
      the_loop
    end

    # Has a kept value called, from any thread: the code.
    def post(slot)
      code = C.runner_host_post(@core, slot)
      return code unless code == C::RUNNER_ENOLOOP # nothing has used it yet

      use
      C.runner_host_post(@core, slot)
    end

    # The loop's clock.
    def time_ns
      raise Librunner.error_for(C::RUNNER_ETHREAD) if running? && thread != Thread.current

      use unless running?
      C.runner_time_ns(@core)
    end

    # A hold begins: what ends it.
    def hold
      use unless running?
      code = C.runner_submitter_acquire(@core)
      raise Librunner.error_for(code) unless code.zero?

      held = true
      proc do
        C.runner_submitter_release(@core) if held
        held = false
        nil
      end
    end

    private

    def the_loop = @loop ||= Loop.new(self)

    # A command that does nothing, but makes what the library has of the loop.
    def use
      code = command(C::RUNNER_HOST_STATUS)
      raise Librunner.error_for(code) unless code == C::RUNNER_EBADID || closed?
    end

    # Calls the option loop_factory; once it has succeeded, never again.
    def call_factory
      @loop_made = true # it may use the loop
      @options.loop_factory.call(the_loop)
    rescue Exception # rubocop:disable Lint/RescueException
      @loop_made = false
      unless used?
        @core = @life.core = nil # all is as it was
        @state = :new
      end
      raise
    end

    # Whether the library has the loop: else it refuses a post.
    def used?
      slot = keep(proc {})
      return true if C.runner_host_post(@core, slot).zero?

      take(slot)
      false
    end
  end

  class << self
    # @return [Loop] that of the running task or callback
    # @raise [NoTaskError] nothing runs in this thread
    # @since 0.1
    def current_loop = Engine.current.loop_object

    # @return [Task, nil] the task that runs now; nil outside of tasks
    # @since 0.1
    def current_task = Task.current

    # @return [Array<Task>] the tasks of the running runner that are not done, in the order of their numbers
    # @raise [NoTaskError] nothing runs in this thread
    # @since 0.1
    def all_tasks = Task.all
  end
end
