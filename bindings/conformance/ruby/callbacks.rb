# frozen_string_literal: true

module Conformance
  # The operations that callbacks can do, and bodies as well.
  class World
    # Does such an operation on behalf of somebody. Raises errors of the language.
    def shared(who, op)
      case op.word
      when :log then @trace.line(who, op.text)
      when :cancel then cancel(who, op)
      when :resolve then settle(who, op) { |future| future.resolve(op.number) }
      when :reject then settle(who, op) { |future| future.reject(Failure.new(op.failure)) }
      when :event_set then find(@events, op.name).set
      when :call_soon then @loop.call_soon(&callback(op.body))
      when :call_later then @loop.call_later(op.seconds, &callback(op.body))
      end
    end

    private

    # An operation on a name that is not bound does nothing: nobody could catch its error.
    def callback(list)
      proc do
        list.each do |op|
          shared(Trace::LOOP, op)
        rescue Failure
          next
        end
      end
    end

    def cancel(who, op)
      handle = find(@handles, op.name)
      @trace.line(who, "cancel #{op.name} #{handle.given_up? || handle.awaitable.cancel}")
    end

    def settle(who, op)
      yield find(@handles, op.name).awaitable
    rescue Librunner::InvalidStateError
      @trace.line(who, "settled #{op.name}")
    end
  end
end
