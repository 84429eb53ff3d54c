# frozen_string_literal: true

module Librunner
  # Ctrl-C during a run: by Ruby's own trap, so that the handler of the interpreter stays what it is.
  #
  # Only in the main thread, which is where Ruby calls handlers, and only if the program has none. What the
  # program sets during the run stays.
  # @api private
  module SignalTrap
    DEFAULTS = ["DEFAULT", "SYSTEM_DEFAULT", nil].freeze

    def self.around(engine)
      return yield unless engine.options.signals && Thread.current == Thread.main

      engine.forget_interrupts
      handler = proc { engine.interrupted }
      before = trap("INT", handler)
      trap("INT", before) unless (ours = DEFAULTS.include?(before))
      begin
        @ours = [handler, before] if ours
        yield
      ensure
        @ours = nil if ours
        give_back(handler, before) if ours
        engine.pass_on_interrupt
      end
    end

    # In a child process there is nothing to be interrupted.
    def self.forget
      give_back(*@ours) if @ours
      @ours = nil
    end

    # The handler from before, unless there is one of the program meanwhile.
    def self.give_back(handler, before)
      now = trap("INT", before)
      trap("INT", now) unless now.equal?(handler)
    end
    private_class_method :give_back
  end
  private_constant :SignalTrap

  class Engine
    # Nothing has been interrupted yet.
    def forget_interrupts
      @interrupted = @too_late = false
    end

    # SIGINT, in the handler: the first cancels main. A second one gives the signal back and ends the run; the
    # code that runs may never wait, so it is interrupted itself.
    def interrupted
      second = @interrupted
      @interrupted = true
      return @too_late = true if !second && @main&.done?

      trap("INT", "DEFAULT") if second
      C.runner_interrupt(@core)
      raise ::Interrupt, "" if second && serving?
    end

    # A signal that came after main had ended is for what comes after the run.
    def pass_on_interrupt
      return if !@too_late || forked?

      @too_late = false
      Process.kill(:INT, Process.pid)
    end

    # The same by a call, from any thread.
    def interrupt = !@core.nil? && !closed? && C.runner_interrupt(@core).zero?
  end
end
