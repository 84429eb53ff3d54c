# frozen_string_literal: true

module Librunner
  # Ctrl-C during a run: by Ruby's own trap, so that the handler of the interpreter stays what it is.
  #
  # Only in the main thread, which is where Ruby calls handlers, and only if the program has none.
  # @api private
  module SignalTrap
    DEFAULTS = ["DEFAULT", "SYSTEM_DEFAULT", nil].freeze

    def self.around(engine)
      return yield unless engine.options.signals && Thread.current == Thread.main

      engine.forget_interrupts
      before = trap("INT") { engine.interrupted }
      begin
        trap("INT", before) unless (ours = DEFAULTS.include?(before))
        yield
      ensure
        trap("INT", before) if ours && !engine.gave_back_signal?
      end
    end
  end
  private_constant :SignalTrap

  class Engine
    # Nothing has been interrupted yet.
    def forget_interrupts
      @interrupted_at = nil
      @gave_back = false
    end

    # The second SIGINT has given the signal back.
    def gave_back_signal? = @gave_back

    # SIGINT, in the handler: the first cancels main. A second one gives the signal back. If tasks have had
    # a turn since, it ends the run; else the code that runs never waits, and is interrupted itself.
    def interrupted
      unless @interrupted_at
        @interrupted_at = steps
        return C.runner_interrupt(@core)
      end
      @gave_back = true
      trap("INT", "DEFAULT")
      raise ::Interrupt, "" if serving? && steps == @interrupted_at

      C.runner_interrupt(@core)
    end

    # The same by a call, from any thread.
    def interrupt = !@core.nil? && !closed? && C.runner_interrupt(@core).zero?
  end
end
