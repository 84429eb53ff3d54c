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
      unless DEFAULTS.include?(before)
        trap("INT", before)
        engine.pass_on_interrupt
        return yield
      end
      begin
        @ours = [handler, before]
        engine.heed_interrupts
        yield
      ensure
        @ours = nil
        give_back(handler, before)
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
    # Nothing has been interrupted yet. What comes from now on is only noted, until it is heeded.
    def forget_interrupts
      @interrupted = @too_late = false
      @heeded_from = nil
    end

    # The handler can be given back now, so it may raise.
    def heed_interrupts
      @heeded_from = steps
      return unless @too_late

      @too_late = false
      raise ::Interrupt, ""
    end

    # SIGINT, in the handler: the first cancels main. A second one gives the signal back and ends the run; the
    # code that runs may never wait, so it is interrupted itself. Before the first step there is nothing
    # to be cancelled, and after the last one it is for what comes after the run.
    def interrupted
      second = @interrupted
      @interrupted = true
      return @too_late = true if !@heeded_from || (thread.nil? && steps > @heeded_from) || (!second && @main == :over)

      trap("INT", "DEFAULT") if second
      raise ::Interrupt, "" if thread.nil?

      C.runner_interrupt(@core) # first, so that the run ends right behind what is interrupted
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
