# frozen_string_literal: true

module Librunner
  # Tasks that end together, as asyncio.TaskGroup: {TaskGroup.open} makes it.
  # @since 0.1
  class TaskGroup
    # @api private
    def initialize(engine)
      @engine = engine
      engine.command!(Core::RUNNER_HOST_GROUP_NEW)
      @id = engine.id
      @open = true
      status = engine.command(Core::RUNNER_HOST_GROUP_OPEN, @id)
      return if status.zero?

      release
      raise Librunner.error_for(status)
    end

    class << self
      # Runs the block, and waits for all tasks that it, or one of them, has started with {#spawn}.
      #
      # When a child fails, or the block does, the other children are cancelled, and the block is at its
      # next wait. When all have ended, every error comes out in one {GroupError}. A cancel is not an error:
      # of a child that ends cancelled nothing is heard, and when the task of the block is cancelled and
      # nothing fails, that goes on.
      # @yieldparam group [TaskGroup]
      # @return [Object] the value of the block; nil if {#cancel} has ended it
      # @raise [GroupError] children, or the block, have failed
      # @raise [CancelledError] the task was cancelled
      # @raise [SystemExit, SignalException] the block, or a child, has raised it
      # @raise [NoTaskError] no task runs
      # @raise [ArgumentError] there is no block
      # @example
      #   Librunner::TaskGroup.open do |group|
      #     group.spawn { Librunner.sleep(1) }
      #     group.spawn { Librunner.sleep(2) }
      #   end   # after 2 seconds
      def open
        raise ArgumentError, "no block given" unless block_given?

        group = new(Engine.current)
        begin
          value = yield group
          group.close(0)
          value
        rescue Exception => error # rubocop:disable Lint/RescueException
          raise if group.closing?
          group.close_failed(error)
        ensure
          group.close_left unless group.closing?
        end
      end
      private :new
    end

    # Starts the block as a task of the group. Every task and callback of the runner may do that until the
    # group has ended.
    # @param name [#to_s, nil] for reports and for people
    # @param context [Context, nil] that it runs in; nil is a copy of that of the running task
    # @yieldparam task [Task]
    # @return [Task]
    # @raise [InvalidStateError] the group has ended, or is being cancelled
    # @raise [ForeignError] it belongs to another runner
    # @raise [NoTaskError] nothing runs in this thread
    # @raise [FiberError] there are too many tasks
    # @raise [ArgumentError] there is no block
    def spawn(name: nil, context: nil, &block)
      raise ArgumentError, "no block given" unless block
      raise Librunner.error_for(Core::RUNNER_EFINISHED) unless @open
      raise Librunner.error_for(Core::RUNNER_EFOREIGN) unless Engine.current.equal?(@engine)

      @engine.spawn(block, name, context, @id)
    end

    # Cancels the children of the group, and its block at the next wait. The group then ends without an
    # error, unless one of them fails on the way. Once it has ended, this does nothing.
    # @return [nil]
    # @raise [WrongThreadError] another thread runs the runner
    def cancel
      @engine.command!(Core::RUNNER_HOST_GROUP_CANCEL, @id) if @open
      nil
    end

    def inspect
      "#<#{self.class} #{!@open ? "finished" : @closing ? "closing" : "open"}>"
    end

    # Whether its block has ended.
    # @api private
    def closing? = @closing

    # The block has ended, with a code: waits for the children, and raises what they have.
    # @api private
    def close(code, error = nil)
      @closing = true
      unless Driver.current.equal?(@engine) # in a child process: the tasks are the parent's
        raise error if error
        return
      end
      status = @engine.wait(Core::RUNNER_HOST_GROUP_CLOSE, @id, 0, 0, code)
      return if status.zero?

      failed(status, error)
    ensure
      release
    end

    # The block has raised something.
    # @api private
    def close_failed(error)
      return close(Core::RUNNER_EUSER, error) unless error.is_a?(CancelledError)

      begin
        close(Core::RUNNER_ECANCELED, error)
      rescue CancelledError
        raise error # the very one
      end
    end

    # The block was left by throw, break or return, or the thread is killed, which goes on after this.
    # @api private
    def close_left
      return close(0) unless Thread.current.status == "aborting"

      begin
        close(Core::RUNNER_ECANCELED)
      rescue CancelledError, Error
        nil
      end
    end

    private

    # Raises what the group has ended with.
    def failed(status, error)
      raise Librunner.error_for(status) unless [Core::RUNNER_EGROUP, Core::RUNNER_EUSER].include?(status)

      errors = errors(error)
      raise errors.find { |one| aborting?(one) } || GroupError.new(errors)
    end

    def aborting?(error) = Engine::ABORTING.any? { |kind| kind === error }

    # What the children have failed with, in that order, and the block if it did.
    def errors(body)
      count = 8
      loop do
        _, total, errors = Core.runner_host_errors(@engine.core, @id, count)
        return errors.map { |id, code| id.zero? ? body : @engine.error_of(code, id) } if total <= count

        count = total
      end
    end

    def release
      @open = false
      @engine.command(Core::RUNNER_HOST_RELEASE, @id)
    end
  end
end
