# frozen_string_literal: true

module Conformance
  # Operations that have a body around which something happens.
  class Body
    private

    def group(op)
      outer = @innermost
      Librunner::TaskGroup.open do |group|
        @innermost = group
        ops(op.body)
      ensure
        @innermost = outer
      end
    end

    def timeout(op)
      Librunner.timeout(op.seconds) { ops(op.body) }
    end

    def lock(op)
      find(:locks, op).synchronize { ops(op.body) }
    end

    def semaphore(op)
      find(:semaphores, op).synchronize { ops(op.body) }
    end

    def repeat(op)
      op.number.times do
        returned = ops(op.body)
        return returned if returned
      end
      nil
    end

    def try(op)
      returned = guarded(op)
    rescue Exception => e
      ops(op.handlers.fetch(:finally, [])) || raise(e)
    else
      ops(op.handlers.fetch(:finally, [])) || returned
    end

    # The body, and the handler of its error.
    def guarded(op)
      ops(op.body)
    rescue Exception => e
      handler = op.handlers[Outcomes.kind_of(e)]
      raise unless handler

      handle(e, handler)
    end

    def handle(error, handler)
      before = @caught
      @caught = error
      ops(handler)
    ensure
      @caught = before
    end
  end
end
