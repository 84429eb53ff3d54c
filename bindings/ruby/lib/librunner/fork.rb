# frozen_string_literal: true

module Librunner
  # In a child process nothing runs, and the runners of the parent are refused: their loops share
  # descriptors of the system with those of the parent.
  # @api private
  module Fork
    # What goes through Process._fork: fork, and IO.popen("-").
    module Hook
      def _fork
        pid = super
        Fork.in_child if pid.zero?
        pid
      end

      # It forks by itself.
      def daemon(...)
        result = super
        Fork.in_child
        result
      end
    end

    # Whether the process was forked in the middle of a run: then the fiber that runs is no start for
    # another loop.
    def self.inside? = @inside

    def self.in_child
      @inside ||= !Driver.current.nil?
      Driver.forget
      Scheduler.forget
      SignalTrap.forget
      Fiber.set_scheduler(nil) if Scheduler === Fiber.scheduler
    end
  end
  Process.singleton_class.prepend(Fork::Hook)
  private_constant :Fork
end
